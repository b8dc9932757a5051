/**
 * As much of a package registry as `npm install` asks for: a document for each package, with the one version that is
 * here, and its tarball. It serves what `npm pack` makes of folders, and knows no other package.
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

export interface RegistryOptions {
  /** Folders of packages, as they are in a checkout or installed. */
  readonly folders: readonly string[]
  /** Where their tarballs are made. */
  readonly tarballs: string
}

/** Listens on a port of its own choice of 127.0.0.1. */
export async function openRegistry({ folders, tarballs }: RegistryOptions): Promise<Server> {
  mkdirSync(tarballs)
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', tarballs, ...folders]
  const said = execFileSync('npm', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 2 ** 26,
  })
  // npm prints a list up to version 11 and an object by name after.
  const packed: readonly Packed[] = Object.values(JSON.parse(said) as Readonly<Record<string, Packed>>)
  if (packed.length !== folders.length) throw new Error(`npm packed ${packed.length} of ${folders.length}`)
  const manifests = folders.map((folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  const manifestOf = (name: string): object => manifests.find((manifest) => manifest.name === name)
  const server = createServer(({ url = '', headers }, response) => {
    const path = decodeURIComponent(url.slice(1))
    const tarball = packed.find(({ filename }) => path === `-/${filename}`)
    if (tarball !== undefined) return response.end(readFileSync(join(tarballs, tarball.filename)))
    const found = packed.find(({ name }) => name === path)
    if (found === undefined) return response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
    const { name, version, filename, integrity, shasum } = found
    const dist = { tarball: `http://${headers.host}/-/${filename}`, integrity, shasum }
    const versions = { [version]: { ...manifestOf(name), dist } }
    response.setHeader('content-type', 'application/json')
    return response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}
