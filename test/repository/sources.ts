/**
 * The files of the repository and what a real parser says about their imports; every guard in this folder
 * reads the tree through here. It deliberately judges nothing itself.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseSync } from 'oxc-parser'

export const root: string = join(import.meta.dirname, '..', '..')

/** How an import of one file reads: `to` is what was written. */
export type Import = { readonly from: string; readonly line: number; readonly to: string }

const notOurs = new Set(['node_modules', 'dist', '.git', 'coverage'])

/** Paths relative to the root, with forward slashes, of all files below `folder`; sorted. */
export function filesBelow(folder: string): string[] {
  const found: string[] = []
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) {
      if (!notOurs.has(entry.name)) found.push(...filesBelow(path))
    } else found.push(path)
  }
  return found.sort()
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export function readJson<T>(path: string): T {
  return JSON.parse(read(path))
}

/** Whether a file is a test or what tests share: it may reach further than the code it tests. */
export function isTest(path: string): boolean {
  return /\.test(-d)?\.ts$/.test(path) || path.startsWith('test/') || path.includes('/fixtures/')
}

/** The TypeScript sources of the packages, tests excluded. */
export function packageSources(): string[] {
  return filesBelow('packages').filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path) && !isTest(path))
}

/** The syntax tree of a file. A file that does not parse is a failure of the test that asked. */
function parse(path: string): ReturnType<typeof parseSync> {
  const parsed = parseSync(path, read(path))
  const fault = parsed.errors[0]
  if (fault !== undefined) throw new Error(`${path}: ${fault.message}`)
  return parsed
}

/** The line, counted from 1, of an offset. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** Every import and re-export of a file, types included, dynamic ones with a literal too. */
export function importsOf(path: string): Import[] {
  const text = read(path)
  const { module } = parse(path)
  const found: Import[] = []
  const add = (to: string, offset: number): void => {
    found.push({ from: path, line: lineOf(text, offset), to })
  }
  for (const { moduleRequest } of module.staticImports) add(moduleRequest.value, moduleRequest.start)
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest } of entries) if (moduleRequest) add(moduleRequest.value, moduleRequest.start)
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const written = text.slice(moduleRequest.start, moduleRequest.end)
    const literal = /^(['"])(.*)\1$/.exec(written)?.[2]
    // What is computed cannot be checked here; it is told by its own text.
    add(literal ?? `(computed) ${written}`, moduleRequest.start)
  }
  return found
}

/** The package folder a path lies in (`policy`), or null outside the packages. */
export function packageOf(path: string): string | null {
  return /^packages\/([^/]+)\//.exec(path)?.[1] ?? null
}

/** Resolves an import to a file of this repository, or null if it leaves it. */
export function resolve({ from, to }: Import): string | null {
  if (to.startsWith('.')) return relative(root, join(root, dirname(from), to)).replaceAll('\\', '/')
  for (const name of packageFolders()) {
    const manifest = manifestOf(name)
    if (to !== manifest.name && !to.startsWith(`${manifest.name}/`)) continue
    const target = manifest.exports?.[`.${to.slice(manifest.name.length)}`]
    const source = typeof target === 'object' ? target['thingwall-source'] : undefined
    if (source === undefined) throw new Error(`${from}: ${to} is not exported by packages/${name}`)
    return `packages/${name}/${source.slice(2)}`
  }
  return null
}

export type Manifest = {
  readonly name: string
  readonly private?: boolean
  readonly files?: readonly string[]
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

export function packageFolders(): string[] {
  return readdirSync(join(root, 'packages'))
}

export function manifestOf(name: string): Manifest {
  return readJson(`packages/${name}/package.json`)
}

/** The name of the package an import names: `@scope/name/sub` is `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
