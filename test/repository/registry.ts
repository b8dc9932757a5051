/**
 * As much of a package registry as `npm install` asks for: a document for each package, with the versions that are here,
 * and their tarballs. It serves what `npm pack` makes of folders, and knows no other package.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'

interface Packed {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly integrity: string
  readonly shasum: string
}

type Manifest = Pick<Packed, 'name' | 'version'>

export interface RegistryOptions {
  /** Folders of packages, as they are in a checkout or installed. */
  readonly folders: readonly string[]
  /** Where their tarballs are made. */
  readonly tarballs: string
}

/** Listens on a port of its own choice of 127.0.0.1. */
export async function openRegistry({ folders, tarballs }: RegistryOptions): Promise<Server> {
  mkdirSync(tarballs)
  const manifests: readonly Manifest[] = folders.map((folder) =>
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  )
  // Some npm answers by name, so two versions of one package are packed one after the other.
  const isFirst = folders.map(
    (_, at) => manifests.findIndex(({ name }) => name === manifests[at]?.name) === at,
  )
  const packed = [true, false].flatMap((first) =>
    pack(
      folders.filter((_, at) => isFirst[at] === first),
      tarballs,
    ),
  )
  if (packed.length !== folders.length) throw new Error(`npm packed ${packed.length} of ${folders.length}`)
  const server = createServer(({ url = '', headers }, response) => {
    const path = decodeURIComponent(url.slice(1))
    const tarball = packed.find(({ filename }) => path === `-/${filename}`)
    if (tarball !== undefined) return response.end(readFileSync(join(tarballs, tarball.filename)))
    const found = packed.filter(({ name }) => name === path)
    if (found.length === 0) return response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
    const versions = Object.fromEntries(
      found.map(({ name, version, filename, integrity, shasum }) => {
        const manifest = manifests.find((one) => one.name === name && one.version === version)
        const dist = { tarball: `http://${headers.host}/-/${filename}`, integrity, shasum }
        return [version, { ...manifest, dist }]
      }),
    )
    const tags = { latest: found[0]?.version }
    response.setHeader('content-type', 'application/json')
    return response.end(JSON.stringify({ name: path, 'dist-tags': tags, versions }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

function pack(folders: readonly string[], tarballs: string): readonly Packed[] {
  if (folders.length === 0) return []
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', tarballs, ...folders]
  const said = execFileSync('npm', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 2 ** 26,
  })
  // npm prints a list up to version 11 and an object by name after.
  return Object.values(JSON.parse(said) as Readonly<Record<string, Packed>>)
}
