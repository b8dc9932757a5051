/**
 * One server in Node, in a process of its own: `node node.ts bare|ours|easy-waf` prints its port, and answers every request
 * with a line, once it has read and parsed the body. The three differ in nothing but the firewall.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspectPlain, readOptions } from '@thingwall/waf'
import easyWaf from 'easy-waf'

type Handle = (request: IncomingMessage, body: Buffer | null, response: ServerResponse) => void

const answer = (response: ServerResponse, value: unknown): void => {
  response.setHeader('content-type', 'text/plain')
  response.end(value === undefined ? 'none' : typeof value)
}

const bare: Handle = (_, body, response) =>
  answer(response, body === null ? undefined : JSON.parse(body.toString()))

/** The application gets the value that was judged, so nothing is parsed twice. */
function ours(): Handle {
  const settings = readOptions({})
  return ({ method = '', url = '', rawHeaders }, body, response) => {
    const headers: [string, string][] = []
    for (let at = 0; at < rawHeaders.length; at += 2)
      headers.push([rawHeaders[at] as string, rawHeaders[at + 1] as string])
    const { decision, body: read } = inspectPlain({ method, target: url, headers, body }, settings)
    if (decision.verdict !== 'allow') response.writeHead(403).end(decision.id)
    else answer(response, read.kind === 'json' ? read.value : undefined)
  }
}

/** As its documentation has it: behind a parser of bodies. Two of its modules fetch lists from elsewhere, and are off. */
function withEasyWaf(): Handle {
  const modules = { fakeCrawlers: { enabled: false }, blockTorExitNodes: { enabled: false } }
  const firewall = easyWaf({ disableLogging: true, modules })
  return (request, body, response) => {
    const value: unknown = body === null ? undefined : JSON.parse(body.toString())
    firewall(Object.assign(request, { body: value }), response, () => answer(response, value))
  }
}

const handlers: Readonly<Record<string, () => Handle>> = { bare: () => bare, ours, 'easy-waf': withEasyWaf }
const handle = handlers[process.argv[2] ?? '']?.()
if (handle === undefined) throw new Error('which server: bare, ours or easy-waf')

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    handle(request, null, response)
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => handle(request, Buffer.concat(chunks), response))
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})
