/**
 * What devices really send, made up in the formats they use: telemetry as JSON of several firmwares, SenML, line protocol,
 * CBOR, forms, firmware in chunks and in base64, commands and their results, logs, GeoJSON, tokens, notes that people
 * type. The same requests for the same seed. It deliberately holds nothing that would have to be refused.
 */
import type { RequestParts } from '@thingwall/waf'

type Chance = () => number

/** Mulberry32: small, and the same everywhere. */
function chanceFrom(seed: number): Chance {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const pick = <T>(chance: Chance, from: readonly T[]): T => from[Math.floor(chance() * from.length)] as T
const number = (chance: Chance, low: number, high: number, digits = 2): number =>
  Number((low + chance() * (high - low)).toFixed(digits))
const hex = (chance: Chance, length: number): string =>
  Array.from({ length }, () => Math.floor(chance() * 16).toString(16)).join('')
const bytes = (chance: Chance, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(chance() * 256))
const base64 = (chance: Chance, length: number): string =>
  Buffer.from(bytes(chance, length)).toString('base64')
const mac = (chance: Chance): string => (hex(chance, 12).match(/../g) ?? []).join(':')
const instant = (chance: Chance): string => new Date(1.76e12 + Math.floor(chance() * 3e10)).toISOString()

const agents = [
  'ESP32HTTPClient',
  'ESP8266HTTPClient',
  'Tasmota/13.4 (ESP32)',
  'okhttp/4.12.0',
  'python-requests/2.31.0',
  'curl/8.4.0',
  'Shelly/1.0.8 (SHSW-25)',
  'esp-idf/5.2 esp32',
  'Zephyr',
  'axis-os/11.8',
  'Go-http-client/1.1',
  'HomeAssistant/2026.9 aiohttp/3.9 Python/3.12',
]
const notes = [
  "O'Brien's sensor; moved 3/4 of a mile N/W of the vent (see map)",
  'having friends over is nice & the union select committee met',
  'battery < 20 % or so -- replace before monday',
  'works again; it was the fuse | thanks',
  "can't reach it, don't know why; rebooted 2x",
  'Temp > 100 C and rising: evacuate?',
  'Drop me a table of the last values, order by time please',
  'use `mosquitto_sub` or the app, then select "Live"',
  '**bold** and _italic_, a [link](https://volcano.example/a?b=1&c=2), 1 < 2 && 2 > 1',
  'Select a site from the list where the alarm is on',
  'C:\\data\\2026\\vent.csv saved, see /mnt/usb/readme.txt',
  'Größe 5 µm, 温度正常, niveau élevé…',
  'price: $5 (or #2 for $9); call +1 (808) 555-0100',
  'update: set time = 10:00, delete from list later',
  "rock 'n' roll at 8 o'clock; bring your own <3",
  'if x == y then alert the team (all of them)',
]
const logs = [
  'W (12345) wifi: disconnected; reason=8, rssi=-71 | retry in 5 s',
  "E (1001) esp-tls: couldn't get hostname for :api.volcano.example: getaddrinfo() returns 202, addrinfo=0x0",
  "Guru Meditation Error: Core 0 panic'ed (LoadProhibited). Exception was unhandled.",
  'Backtrace: 0x40081d1a:0x3ffb5a30 0x400d1c3e:0x3ffb5a60 |<-CORRUPTED',
  '<6>Nov 22 10:00:00 vent-01 kernel: [ 12.345] eth0: link up, 100Mbps, full-duplex',
  'systemd[1]: Started readings.service - Sends readings.',
  'I2C: read of 2 bytes from 0x76 failed (NACK); bus reset && retry',
  'ota: image sha256=e3b0c442 slot=1 -> boot, size=1048576',
  'Traceback (most recent call last):\n  File "/app/main.py", line 42, in <module>\n    send(x)\nValueError: bad value',
  'TypeError: Cannot read properties of undefined (reading "value")\n    at send (/app/dist/main.js:10:5)',
  'mqtt: publish topic=site/vent-01/$state qos=1 -> ok',
]

type Body = readonly [type: string, body: string | Uint8Array]

const makers: readonly ((chance: Chance) => Body)[] = [
  (c) => [
    'application/json',
    JSON.stringify({
      device: `vent-${number(c, 1, 99, 0)}`,
      at: instant(c),
      groundMotion: number(c, -5, 5, 4),
      temperature: number(c, -20, 900),
      battery: number(c, 3, 4.2),
      rssi: -Math.floor(c() * 90),
      note: pick(c, notes),
    }),
  ],
  (c) => [
    'application/json',
    JSON.stringify({
      Time: instant(c).slice(0, 19),
      ENERGY: {
        TotalStartTime: instant(c),
        Total: number(c, 0, 900, 3),
        Power: number(c, 0, 3000, 0),
        Factor: number(c, 0, 1),
      },
      'DS18B20-1': { Id: hex(c, 12), Temperature: number(c, -10, 50) },
      Wifi: { SSId: "Mauna Loa's Wi-Fi", BSSId: mac(c), RSSI: number(c, 20, 100, 0) },
      TempUnit: 'C',
    }),
  ],
  (c) => [
    'application/senml+json',
    JSON.stringify([
      {
        bn: `urn:dev:mac:${hex(c, 16)};`,
        bt: number(c, 1.7e9, 1.8e9, 0),
        n: 'voltage',
        u: 'V',
        v: number(c, 110, 240),
      },
      { n: 'label', vs: pick(c, notes) },
      { n: 'open', vb: c() < 0.5 },
    ]),
  ],
  (c) => [
    'text/plain; charset=utf-8',
    Array.from(
      { length: 5 },
      () =>
        `ground,site=mauna\\ loa,device=vent-0${number(c, 1, 9, 0)} x=${number(c, -1, 1, 5)},y=${number(c, -1, 1, 5)},state="ok, stable" ${number(c, 1.7e9, 1.8e9, 0)}000000000`,
    ).join('\n'),
  ],
  (c) => [
    'application/cbor',
    Buffer.concat([
      Buffer.from([0xa2, 0x61, 0x74, 0xfb]),
      bytes(c, 8),
      Buffer.from([0x61, 0x76, 0x58, 0x40]),
      bytes(c, 64),
    ]),
  ],
  (c) => ['application/octet-stream', bytes(c, 4096)],
  (c) => [
    'application/json',
    JSON.stringify({
      job: hex(c, 16),
      chunk: number(c, 0, 400, 0),
      of: 400,
      sha256: hex(c, 64),
      data: base64(c, 1024),
    }),
  ],
  (c) => [
    'application/json',
    JSON.stringify({
      jsonrpc: '2.0',
      id: number(c, 1, 1e6, 0),
      method: pick(c, ['Switch.Set', 'Sys.GetStatus', 'reboot', 'ota.check', 'exec.status', 'Script.List']),
      params: { id: 0, on: c() < 0.5, toggle_after: 5, when: '*/5 * * * *', topic: 'site/+/cmd/#' },
    }),
  ],
  (c) => [
    'application/json',
    JSON.stringify({
      device: 'crater-cam',
      level: pick(c, ['W', 'E', 'I']),
      lines: Array.from({ length: 4 }, () => pick(c, logs)),
    }),
  ],
  (c) => ['text/plain', Array.from({ length: 6 }, () => pick(c, logs)).join('\n')],
  (c) => [
    'application/x-www-form-urlencoded',
    new URLSearchParams({
      mac: mac(c),
      v: '1.4.2-rc.1+build.7',
      t: instant(c),
      msg: pick(c, notes),
      k: base64(c, 24),
    }).toString(),
  ],
  (c) => [
    'application/geo+json',
    JSON.stringify({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [number(c, -155, -154, 6), number(c, 19, 20, 6)] },
      properties: {
        name: 'Halemaʻumaʻu (SW rim)',
        '@id': 'node/1',
        url: 'https://volcano.example/sites/1?lang=en#map',
      },
    }),
  ],
  (c) => [
    'application/json',
    JSON.stringify({
      token: `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(JSON.stringify({ sub: 'vent-01', iat: number(c, 1.7e9, 1.8e9, 0) })).toString('base64url')}.${Buffer.from(bytes(c, 64)).toString('base64url')}`,
      csr: `-----BEGIN CERTIFICATE REQUEST-----\n${base64(c, 300).replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE REQUEST-----\n`,
    }),
  ],
  (c) => [
    'application/json',
    JSON.stringify({
      events: [
        {
          type: 'motion',
          zone: [0.1, 0.2],
          snapshot: `data:image/jpeg;base64,/9j/${base64(c, 300)}`,
          rtsp: 'camera 1, port 554',
        },
      ],
      config: {
        ntp: 'time.volcano.example',
        tz: 'HST10',
        dns: ['10.20.0.1', 'fd20::1'],
        regex: '^vent-[0-9]+$',
        color: '#ff8800',
        cron: '0 */6 * * *',
      },
    }),
  ],
  (c) => [
    'application/xml',
    `<?xml version="1.0" encoding="UTF-8"?><EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><ipAddress>10.20.0.13</ipAddress><macAddress>${mac(c)}</macAddress><dateTime>${instant(c)}</dateTime><eventDescription>Motion alarm &amp; more</eventDescription></EventNotificationAlert>`,
  ],
]

const targets = (c: Chance): string =>
  pick(c, [
    '/readings',
    `/api/v1/devices/vent-${number(c, 1, 99, 0)}/telemetry?ts=${number(c, 1.7e12, 1.8e12, 0)}&fmt=json`,
    `/ota/esp32/v1.4.2/firmware.bin?mac=${mac(c)}&cur=1.4.1`,
    `/api/config?device=${hex(c, 12)}&fields=name,site,limits.egress&sort=-updated_at&page=2`,
    `/cmd/poll?since=${encodeURIComponent(instant(c))}&wait=30`,
    `/search?q=${encodeURIComponent(pick(c, notes)).replaceAll('%20', '+')}`,
  ])

/** That many requests; thousands, for one by one they prove little. */
export function deviceRequests(count: number, seed: number): RequestParts[] {
  const chance = chanceFrom(seed)
  return Array.from({ length: count }, (_, index): RequestParts => {
    const maker = makers[index % (makers.length + 4)]
    const headers: [string, string][] = [
      ['host', 'api.volcano.example'],
      ['user-agent', pick(chance, agents)],
      ['x-device-id', hex(chance, 12)],
      ['authorization', `Bearer ${Buffer.from(bytes(chance, 24)).toString('base64url')}`],
      ['cookie', `sid=${hex(chance, 32)}; theme=dark`],
    ]
    if (maker === undefined)
      return {
        method: 'GET',
        target: targets(chance),
        headers: [...headers, ['range', 'bytes=0-4095'], ['if-none-match', `W/"${hex(chance, 16)}"`]],
        body: null,
      }
    const [type, body] = maker(chance)
    const bytesOf = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body)
    return {
      method: chance() < 0.8 ? 'POST' : 'PUT',
      target: targets(chance),
      headers: [...headers, ['content-type', type], ['content-length', String(bytesOf.length)]],
      body: bytesOf,
    }
  })
}
