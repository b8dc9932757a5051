/**
 * The observatory's API: sensors post readings, and a debugging endpoint says back what it is told.
 *
 * VULNERABLE ON PURPOSE. `GET /echo?echo=` puts its parameter into a page as it is (reflected cross-site scripting), so
 * that there is something to protect. It listens on this machine only unless HOST says otherwise.
 *
 *     PORT=8080 node backend.ts
 *     HOST=:: PORT=443 TLS_CERT=cert.pem TLS_KEY=key.pem node backend.ts
 */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'

interface Reading {
  readonly device: string
  readonly groundMotion: number
}

const largestBodyBytes = 16_384
const keptReadings = 1000
const readings: Reading[] = []

const answer: RequestListener = (request, response) => {
  const url = new URL(request.url ?? '/', 'http://backend')
  switch (`${request.method} ${url.pathname}`) {
    case 'POST /readings':
      return void takeReading(request, response)
    case 'GET /readings':
      return reply(response, 200, 'application/json', JSON.stringify(readings))
    case 'GET /echo':
      // The hole: what came in goes out as HTML, unescaped.
      return reply(response, 200, 'text/html', `<p>${url.searchParams.get('echo') ?? ''}</p>`)
    default:
      return reply(response, 404, 'text/plain', 'not found')
  }
}

async function takeReading(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > largestBodyBytes) return reply(response, 413, 'text/plain', 'too large')
  }
  const reading = readingIn(text)
  if (reading === null) return reply(response, 400, 'text/plain', 'not a reading')
  readings.push(reading)
  readings.splice(0, readings.length - keptReadings)
  return reply(response, 201, 'application/json', JSON.stringify({ stored: readings.length }))
}

function readingIn(text: string): Reading | null {
  try {
    const { device, groundMotion } = JSON.parse(text) as Record<string, unknown>
    return typeof device === 'string' && typeof groundMotion === 'number' ? { device, groundMotion } : null
  } catch {
    return null
  }
}

function reply(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}

const { HOST = 'localhost', PORT = '8080', TLS_CERT, TLS_KEY } = process.env
const server =
  TLS_CERT === undefined || TLS_KEY === undefined
    ? createServer(answer)
    : createTlsServer({ cert: readFileSync(TLS_CERT), key: readFileSync(TLS_KEY) }, answer)
server.listen(Number(PORT), HOST, () => process.stdout.write(`listening on ${HOST} port ${PORT}\n`))
