/**
 * The image of the test machine: made once for each recipe, from Debian's packages, into the user's cache. Making it
 * takes a minute or two and writes half a gigabyte; images of other recipes that nobody used for two weeks go.
 * Nothing boots here.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, readFileSync, utimesSync } from 'node:fs'
import { access, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { insideFile, recipe, recipeText, suite } from './recipe.ts'

export interface Image {
  /** The root disk, raw ext4. Nobody writes to it. */
  readonly disk: string
  /** The kernel as the processor runs it, uncompressed: qemu starts it directly. */
  readonly kernel: string
  readonly initrd: string
}

const buildWithinMs = 12 * 60_000
const diskSizeBytes = 3 * 2 ** 30
const keptMs = 14 * 86_400_000
const machineId = '7e57'.repeat(8)

/** Where images are, unless `THINGWALL_MACHINE_CACHE` says otherwise. */
function cacheFolder(): string {
  const { THINGWALL_MACHINE_CACHE, XDG_CACHE_HOME } = process.env
  return THINGWALL_MACHINE_CACHE ?? join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'thingwall-machine')
}

/** The image of the recipe as it is now, made if it is not there yet. `tell` hears what takes so long. */
export async function ensureImage(tell: (words: string) => void = () => {}): Promise<Image> {
  const cache = cacheFolder()
  const folder = join(cache, createHash('sha256').update(recipeText()).digest('hex').slice(0, 16))
  const image = {
    disk: join(folder, 'disk.raw'),
    kernel: join(folder, 'kernel'),
    initrd: join(folder, 'initrd'),
  }
  await mkdir(cache, { recursive: true })
  if (!(await exists(image.disk))) {
    tell(`making the image of the test machine in ${folder}`)
    const started = performance.now()
    await make(cache, folder)
    tell(`made in ${Math.round((performance.now() - started) / 1000)} s`)
  }
  const now = new Date()
  utimesSync(folder, now, now)
  await forgetOthers(cache, folder)
  return image
}

async function make(cache: string, folder: string): Promise<void> {
  const work = await mkdtemp(join(cache, 'making-'))
  try {
    const root = join(work, 'root')
    const inside = [
      `--customize-hook=copy-in ${insideFile} /tmp`,
      '--customize-hook=chroot "$1" sh /tmp/inside.sh',
      '--customize-hook=rm "$1/tmp/inside.sh"',
    ]
    // The kernel's package would make Debian's initial RAM disk, which nobody needs here.
    await must('mmdebstrap', [...recipe, ...inside, suite, root], { INITRD: 'No', TMPDIR: work })
    // With an identity it is a machine that has booted before; otherwise every boot would set up every unit anew.
    await writeFile(join(root, 'etc/machine-id'), `${machineId}\n`)
    const made = join(work, 'made')
    await mkdir(made)
    await copyFile(join(root, 'boot/initrd'), join(made, 'initrd'))
    await unpackKernel(join(root, 'boot/vmlinuz'), work, join(made, 'kernel'))
    const disk = openSync(join(made, 'disk.raw'), 'w')
    ftruncateSync(disk, diskSizeBytes)
    closeSync(disk)
    await must('mkfs.ext4', ['-q', '-F', '-d', root, join(made, 'disk.raw')])
    // Somebody else may have been faster; theirs is as good.
    await rename(made, folder).catch(async (error) => {
      if (!(await exists(join(folder, 'disk.raw')))) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/**
 * Takes the kernel out of its self-extracting file: unpacking it takes an emulated processor many seconds at each boot.
 * Where it is in there: Documentation/x86/boot.rst of Linux 6.1, `setup_sects`, `payload_offset`, `payload_length`.
 */
async function unpackKernel(packed: string, work: string, to: string): Promise<void> {
  const bytes = readFileSync(packed)
  const start = ((bytes[0x1f1] ?? 0) + 1) * 512 + bytes.readUInt32LE(0x248)
  const payload = join(work, 'payload.xz')
  await writeFile(payload, bytes.subarray(start, start + bytes.readUInt32LE(0x24c)))
  // The size of the kernel follows the compressed stream.
  await must('sh', ['-c', 'xz --decompress --stdout --single-stream <"$1" >"$2"', 'sh', payload, to])
}

async function must(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(program, args, {
    env: { ...process.env, ...env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: buildWithinMs,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-8000)
    })
  }
  child.on('error', reject)
  child.on('close', (status, signal) => {
    if (status === 0) resolve()
    else reject(new Error(`${program} failed (${status ?? signal}):\n${said}`))
  })
  return promise
}

async function forgetOthers(cache: string, folder: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const other = join(cache, name)
    if (other === folder) continue
    const { mtimeMs } = await stat(other)
    if (Date.now() - mtimeMs > keptMs) await rm(other, { recursive: true, force: true })
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
