/**
 * What answers in the demo, so that a flow which gets through is seen to get through: the observatory's API as a
 * program of its own, everything else as listeners of this process, opened inside the hosts' namespaces.
 */
import { createSocket } from 'node:dgram'
import { existsSync, readFileSync } from 'node:fs'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inNamespace, type Site } from '@thingwall/gateway/lab'
import type { Name } from './world.ts'

export interface Certificate {
  readonly cert: string
  readonly key: string
}

export interface Servers {
  close(): void
}

/** Greets like the service that people expect on the port, and hangs up. */
const greetings: readonly (readonly [host: Name | 'router', port: number, greeting: string])[] = [
  ['router', 22, 'SSH-2.0-OpenSSH_9.9 gateway\r\n'],
  ['laptop', 22, 'SSH-2.0-OpenSSH_9.9 laptop\r\n'],
  ['admin-laptop', 22, 'SSH-2.0-OpenSSH_9.9 admin-laptop\r\n'],
  ['vent-01', 554, 'ESP32 debug console\r\n'],
  ['vent-02', 22, 'ESP32 debug console\r\n'],
  ['vent-01', 22, 'ESP32 debug console\r\n'],
  ['botnet', 443, 'welcome, bot\r\n'],
  ['attacker', 23, 'login: '],
]
const certificateHosts = ['api.volcano.example', 'updates.vendor.example', 'www.example.org']
const readyWithinMs = 10_000
const NTP_SECONDS_FROM_1900 = 2_208_988_800

/** A self-signed certificate for the servers of the demo, made now, in `folder`. */
export async function makeCertificate(site: Site, folder: string): Promise<Certificate> {
  const made = { cert: join(folder, 'ca.pem'), key: join(folder, 'key.pem') }
  const names = certificateHosts.map((name) => `DNS:${name}`).join(',')
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const says = ['-subj', '/CN=thingwall demo', '-addext', `subjectAltName=${names}`]
  await site.must('internet', ['openssl', 'req', ...kind, ...says, '-keyout', made.key, '-out', made.cert])
  return made
}

/** Opens everything; settles when all of it answers. */
export async function startServers(site: Site, example: string, certificate: Certificate): Promise<Servers> {
  const env = { HOST: '::', PORT: '443', TLS_CERT: certificate.cert, TLS_KEY: certificate.key }
  const program = ['backend.ts', 'backend.js'].map((name) => join(example, name)).find(existsSync)
  if (program === undefined) throw new Error(`there is no backend in ${example}`)
  const flags = ['--disable-warning=ExperimentalWarning', program]
  const backend = site.spawn('api', [process.execPath, ...flags], { env })
  const tls = { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }
  const closing: (() => void)[] = []
  const listen = (host: string, port: number, server: Server): void => {
    // Without a host name, `listen` opens its socket before it returns: in the namespace of the moment.
    inNamespace(site.namespacePath(host), () => server.listen(port))
    server.on('error', () => {})
    closing.push(() => server.close())
  }
  for (const [host, port, greeting] of greetings) listen(host, port, greeter(greeting))
  listen('crater-cam', 554, camera())
  for (const [host, text] of [
    ['vendor', 'firmware 2.4.1'],
    ['web', 'the internet'],
  ] as const) {
    const server = createHttpsServer(tls, (_, response) =>
      response.writeHead(200, { connection: 'close' }).end(text),
    )
    listen(host, 443, server)
    closing.push(() => server.closeAllConnections())
  }
  closing.push(startClock(site.namespacePath('time')))
  const deadline = performance.now() + readyWithinMs
  while (!backend.output().stdout.includes('listening')) {
    const ended = await Promise.race([backend.ended, sleep(5)])
    if (ended !== undefined || performance.now() > deadline) {
      throw new Error(`the API did not start: ${backend.output().stderr.trim()}`)
    }
  }
  return {
    close: () => {
      for (const close of closing) close()
    },
  }
}

function greeter(greeting: string): Server {
  return createServer((socket) => {
    socket.on('error', () => {})
    socket.end(greeting)
  })
}

/** Answers any RTSP request (RFC 2326) as to OPTIONS. */
function camera(): Server {
  return createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (request) => {
      const sequence = /^CSeq: *(\d+)/im.exec(request.toString('latin1'))?.[1] ?? '1'
      socket.write(`RTSP/1.0 200 OK\r\nCSeq: ${sequence}\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n`)
    })
  })
}

/** A time server (RFC 5905, as far as a sensor's SNTP client looks). */
function startClock(namespacePath: string): () => void {
  const socket = createSocket({ type: 'udp6', lookup: (host, _, found) => found(null, host, 6) })
  socket.on('error', () => {})
  socket.on('message', (_, peer) => {
    const answer = Buffer.alloc(48)
    // No warning, version 4, server; stratum 1.
    answer.set([0x24, 1])
    answer.writeUInt32BE((Math.floor(Date.now() / 1000) + NTP_SECONDS_FROM_1900) % 2 ** 32, 40)
    socket.send(answer, peer.port, peer.address)
  })
  // With a lookup that answers at once, so does `bind`.
  inNamespace(namespacePath, () => socket.bind(123))
  return () => socket.close()
}
