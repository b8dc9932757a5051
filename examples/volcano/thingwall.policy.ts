/**
 * The policy of a volcano observatory: ESP32 sensors behind a WiFi gateway, the geologists' laptops, one API.
 */
import { allow, api, deny, device, list, network, policy, profile, test } from 'thingwall'

const badHosts = list('known-botnets', {
  why: 'Command-and-control hosts seen in the March incident',
  owner: 'secops@volcano.example',
  entries: {
    '198.51.100.7': {
      why: 'Mirai loader',
      source: 'incident INC-88',
      added: '2026-03-02',
      expires: '2027-03-02',
    },
    '203.0.113.240/28': { why: 'Mozi peers', source: 'abuse feed', added: '2026-03-04' },
    '2001:db8:bad::/48': { why: 'the same loader over IPv6', source: 'incident INC-88', added: '2026-03-02' },
  },
})

const seismometer = profile('seismometer', {
  why: 'ESP32 that pushes ground-motion readings; nothing ever connects to it',
  owner: 'geo-platform@volcano.example',
  limits: { egress: '64 kB/s', newConnections: '120/min' },
  rules: {
    readings: allow.out({
      to: 'api.volcano.example',
      service: 'https',
      why: 'POST /readings, GET /echo',
      ticket: 'GEO-12',
    }),
    clock: allow.out({ to: 'time.volcano.example', service: 'ntp', why: 'TLS needs the time' }),
    // Left in to show what an expired permission is worth: nothing, and `check` says so.
    commissioning: allow.out({
      to: 'updates.vendor.example',
      service: 'https',
      why: 'Firmware was flashed on site while the sensors were put up',
      ticket: 'GEO-7',
      expires: '2026-04-30',
    }),
  },
})

const camera = profile('thermal-camera', {
  why: 'Watches the crater; the station looks at its stream',
  owner: 'geo-platform@volcano.example',
  rules: {
    stream: allow.in({ from: 'station', service: 'rtsp', why: 'The live picture on the station’s wall' }),
    firmware: allow.out({
      to: 'updates.vendor.example',
      service: 'https',
      why: 'Signed firmware from the vendor',
    }),
  },
})

export default policy('mauna-loa', {
  owner: 'geo-platform@volcano.example',
  networks: {
    things: network({
      role: 'things',
      interface: 'wlan0',
      cidrs: ['10.20.0.0/24', 'fd20::/64'],
      isolation: 'access-point',
    }),
    station: network({
      role: 'trusted',
      interface: 'lan0',
      cidrs: ['10.30.0.0/24', 'fd30::/64'],
      admin: ['10.30.0.5'],
    }),
    uplink: network({ role: 'uplink', interface: 'wan0', masquerade: true }),
  },
  devices: {
    'vent-01': seismometer.device({
      mac: '24:6f:28:aa:00:01',
      ip: ['10.20.0.11', 'fd20::11'],
      labels: { region: 'us', site: 'mauna-loa' },
    }),
    'vent-02': seismometer.device({
      mac: '24:6f:28:aa:00:02',
      ip: ['10.20.0.12', 'fd20::12'],
      labels: { region: 'us', site: 'mauna-loa' },
    }),
    // Bound to its link address: nobody else on the station's network is taken for the administrator.
    'admin-laptop': device({
      why: 'Administers the gateway',
      mac: '02:00:00:00:30:05',
      ip: '10.30.0.5',
    }),
    'crater-cam': camera.device({
      mac: '24:6f:28:aa:00:03',
      ip: ['10.20.0.13', 'fd20::13'],
      labels: { region: 'us', site: 'mauna-loa' },
    }),
  },
  rules: {
    botnets: deny.both({ who: 'any', peer: badHosts, why: 'Never, whatever else is allowed' }),
  },
  apis: {
    backend: api({
      why: 'Takes the readings of all sensors; /echo is what their makers test with',
      host: 'api.volcano.example',
      routes: { 'GET /echo': { query: { echo: { type: 'string', maxLength: 64, disallowTags: true } } } },
    }),
  },
  tests: [
    test.allows('vent-01', 'api.volcano.example:443/tcp', { rule: 'seismometer/readings' }),
    test.denies('vent-01', '10.30.0.5:22/tcp'),
    test.denies('10.30.0.5', 'vent-01:22/tcp'),
    test.denies('vent-01', '198.51.100.7:443/tcp', { rule: 'botnets' }),
    test.denies('198.51.100.66', 'crater-cam:554/tcp'),
    test.allows('10.30.0.6', 'crater-cam:554/tcp', { rule: 'thermal-camera/stream' }),
  ],
})
