/**
 * `npm run build -- deb`: a Debian package of thingwall for this machine's architecture. It holds what
 * npm would install (the packed packages and what they need, in the versions of the lock file), the repository's own Node,
 * because Debian 12 has none that is new enough, and the units. Nothing is fetched, neither here nor when it is installed.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root } from './process.ts'

const library = 'usr/lib/thingwall'
const papers = 'usr/share/doc/thingwall'
const packaging = join(root, 'packaging')
const modules = join(root, 'node_modules')

/** Node's names of architectures that a package is made for, and Debian's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Of what others publish, what only their own build needs: sources of native code, and binaries for another C library. */
const UNNEEDED =
  /^(?:koffi\/(?:lib|vendor|doc|cnoke\.cjs)|koffi\/src\/.*\.(?:cc|hh|S|asm|inc|def|txt)$|@koromix\/[^/]+\/musl_)/

interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

type Needing = Pick<Manifest, 'name' | 'dependencies' | 'optionalDependencies'>

export interface DebOptions {
  /** Folders in `packages/`. */
  readonly packages: readonly string[]
  /** The folder to write it to. */
  readonly out: string
  /** Instead of the one in `package.json`: to try upgrades. */
  readonly version: string | null
  /** Default `xz`; `none` is made, and unpacked by an emulated processor, in a fraction of the time. */
  readonly compression?: 'xz' | 'none'
}

/** Makes the package from what is built already, and returns its path. */
export function makeDeb({ out: folder, ...options }: DebOptions): string {
  const version = options.version ?? manifestIn(join(root, 'packages/cli')).version
  const architecture = debianArchitecture()
  const staging = mkdtempSync(join(tmpdir(), 'thingwall-deb-'))
  try {
    const tree = join(staging, 'tree')
    chmodSync(staging, 0o755)
    placeTree(tree, { packages: options.packages, version })
    mkdirSync(folder, { recursive: true })
    const file = join(folder, `thingwall_${version}_${architecture}.deb`)
    // A level that takes seconds, not minutes: most of it is Node.
    const compression = options.compression === 'none' ? ['-Znone'] : ['-Zxz', '-z1']
    must('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, file], root)
    return file
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/** All that the package holds, laid out as `dpkg-deb` wants it. */
export function placeTree(
  tree: string,
  { packages, version }: { readonly packages: readonly string[]; readonly version: string },
): void {
  const packed = `${tree}.packed`
  placePackages(packages, packed, tree)
  rmSync(packed, { recursive: true })
  placeNode(tree)
  placeSystem(tree)
  placePapers(tree, version)
  placeControl(tree, version, debianArchitecture())
  setModes(tree)
}

function debianArchitecture(): string {
  const architecture = ARCHITECTURES[process.arch]
  if (architecture === undefined) throw new Error(`there is no Debian package for ${process.arch}`)
  return architecture
}

/** Ours as npm packs them, everybody else's as npm has installed them. */
function placePackages(packages: readonly string[], packed: string, tree: string): void {
  mkdirSync(packed, { recursive: true })
  const ours = packages.map((name) => manifestIn(join(root, 'packages', name)))
  for (const name of packages)
    must('npm', ['pack', '--ignore-scripts', '--pack-destination', packed], join(root, 'packages', name))
  const tarballs = readdirSync(packed)
  for (const { name, version } of ours) {
    const tarball = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
    if (!tarballs.includes(tarball)) throw new Error(`npm packed no ${tarball}`)
    const target = join(tree, library, 'node_modules', name)
    mkdirSync(target, { recursive: true })
    must(
      'tar',
      ['-xzf', join(packed, tarball), '--strip-components=1', '--no-same-owner', '-C', target],
      packed,
    )
  }
  const names = new Set(ours.map(({ name }) => name))
  for (const name of neededBy(ours, names)) {
    // Those within others come with them.
    if (name.includes('/node_modules/')) continue
    cpSync(join(modules, name), join(tree, library, 'node_modules', name), {
      recursive: true,
      dereference: true,
      filter: (source) => !UNNEEDED.test(source.slice(modules.length + 1)),
    })
  }
}

/**
 * All that is needed at run time, as folders in `node_modules`: `pino`, and `ajv/node_modules/fast-uri` where a package has
 * a version of its own. Optional ones where they are for this machine.
 */
export function neededBy(manifests: readonly Needing[], ours: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>()
  const open = manifests.map((manifest) => ({ manifest, folder: '' }))
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const { manifest, folder: from } = one
    const optional = Object.keys(manifest.optionalDependencies ?? {})
    for (const name of [...Object.keys(manifest.dependencies ?? {}), ...optional]) {
      const folder = nearest(name, from)
      if (ours.has(name) || (folder !== null && found.has(folder))) continue
      if (folder === null) {
        if (optional.includes(name)) continue
        throw new Error(`${name} is not installed: npm ci`)
      }
      const needed = manifestIn(join(modules, folder))
      const wanted = manifest.dependencies?.[name]
      if (wanted !== undefined && /^\d/.test(wanted) && needed.version !== wanted)
        throw new Error(`${manifest.name} wants ${name} ${wanted}, there is ${needed.version}`)
      found.add(folder)
      open.push({ manifest: needed, folder })
    }
  }
  return found
}

/** Where Node finds a package for one that lies in `from`; null for nowhere. */
function nearest(name: string, from: string): string | null {
  const parts = from === '' ? [] : from.split('/node_modules/')
  for (let depth = parts.length; depth >= 0; depth--) {
    const folder = [...parts.slice(0, depth), name].join('/node_modules/')
    if (existsSync(join(modules, folder))) return folder
  }
  return null
}

function placeNode(tree: string): void {
  const node = join(modules, `node-linux-${process.arch}`)
  place(join(node, 'bin/node'), tree, `${library}/node`, 0o755)
  place(join(node, 'LICENSE'), tree, `${papers}/LICENSE.node`)
}

function placeSystem(tree: string): void {
  place(join(packaging, 'boot'), tree, `${library}/boot`, 0o755)
  place(join(packaging, 'closed.nft'), tree, `${library}/closed.nft`)
  place(join(packaging, 'debian/thingwall'), tree, 'usr/bin/thingwall', 0o755)
  // A policy in /etc/thingwall finds the language.
  mkdirSync(join(tree, 'etc/thingwall/node_modules'), { recursive: true })
  symlinkSync('/usr/lib/thingwall/node_modules/thingwall', join(tree, 'etc/thingwall/node_modules/thingwall'))
  place(join(packaging, 'thingwall.sysusers'), tree, 'usr/lib/sysusers.d/thingwall.conf')
  for (const unit of readdirSync(join(packaging, 'systemd')))
    place(join(packaging, 'systemd', unit), tree, `lib/systemd/system/${unit}`)
}

function placePapers(tree: string, version: string): void {
  place(join(packaging, 'debian/copyright'), tree, `${papers}/copyright`)
  for (const paper of ['0021-boot.md', '0026-daemon.md'])
    place(join(root, 'docs/decisions', paper), tree, `${papers}/${paper}`)
  const day = new Date(changedAt() * 1000).toUTCString().replace('GMT', '+0000')
  const changes = `thingwall (${version}) stable; urgency=medium\n\n  * See the changelogs of its packages.\n\n -- The Thingwall authors <thingwall@localhost>  ${day}\n`
  put(tree, `${papers}/changelog.gz`, gzipSync(changes, { level: 9 }))
}

function placeControl(tree: string, version: string, architecture: string): void {
  const { description } = manifestIn(join(root, 'packages/cli'))
  const control = [
    'Package: thingwall',
    `Version: ${version.replaceAll('-', '~')}`,
    `Architecture: ${architecture}`,
    'Maintainer: The Thingwall authors <thingwall@localhost>',
    'Section: net',
    'Priority: optional',
    `Installed-Size: ${Math.ceil(sizeOf(tree) / 1024)}`,
    'Depends: nftables (>= 1.0.6), iproute2, conntrack, systemd (>= 252), init-system-helpers (>= 1.52), libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 9)',
    'Recommends: libnftables1',
    `Description: ${(description.split(':')[0] ?? '').replace(/^The /, '')}`,
    ' Say once, in TypeScript, what each device may do and why. Thingwall enforces',
    ' it in the kernel of the gateway, keeps what was confirmed over restarts, and',
    ' answers for every packet that it ever blocked. Installing it enforces nothing.',
    '',
  ]
  put(tree, 'DEBIAN/control', control.join('\n'))
  for (const script of ['postinst', 'prerm', 'postrm'])
    place(join(packaging, 'debian', script), tree, `DEBIAN/${script}`, 0o755)
}

/** Nothing depends on the umask of whoever builds. */
function setModes(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) setModes(path)
    else if (entry.isFile()) chmodSync(path, EXECUTABLE.test(path.slice(-60)) ? 0o755 : 0o644)
  }
}

const EXECUTABLE =
  /\/(?:usr\/bin\/thingwall|usr\/lib\/thingwall\/(?:node|boot)|DEBIAN\/(?:postinst|prerm|postrm)|node_modules\/thingwall\/bin\/thingwall)$/

function place(from: string, tree: string, to: string, mode = 0o644): void {
  put(tree, to, readFileSync(from))
  chmodSync(join(tree, to), mode)
}

function put(tree: string, path: string, data: string | Uint8Array): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true })
  writeFileSync(join(tree, path), data)
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

/** When the last commit was made, in seconds: the same sources make the same package. */
function changedAt(): number {
  const said = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).stdout
  return Number(process.env['SOURCE_DATE_EPOCH'] ?? said?.trim()) || 0
}

function must(program: string, args: readonly string[], cwd: string): void {
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(changedAt()) }
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${basename(program)} failed: ${error?.message ?? stdout + stderr}`)
}
