/**
 * What the type-checker refuses, and on which line: each `@ts-expect-error` stands right above it.
 *
 * A word that the policy does not know is refused where it stands, also in rules and devices within it. What was
 * written outside, a profile's rules above all, is refused where it comes in; and a word inside an object of several
 * lines on the line that the object begins on.
 */
import {
  allow,
  deny,
  device,
  forward,
  icmp,
  icmpv6,
  list,
  network,
  part,
  policy,
  profile,
  protocol,
  tcp,
  test,
  udp,
} from './index.ts'

declare const backend: string
const outside = deny.both({ who: 'thingz', peer: 'any', why: 'Reason' })
const insideOut = deny.both({ who: 'things', peer: 'any', why: 'Reason' })
const badHosts = list('known-botnets', { why: 'Seen', entries: { '198.51.100.7': { why: 'Loader' } } })

// Services and ports.
tcp(1, 443, 65535)
tcp('8000-8100', 9000)
udp(123)
icmp(8)
icmpv6(128)
protocol(47)
declare const computed: number
tcp(computed)
// @ts-expect-error no port 0
tcp(0)
// @ts-expect-error no port above 65535
tcp(65536)
// @ts-expect-error no port above 65535
udp(70000)
// @ts-expect-error no negative port
tcp(-1)
// @ts-expect-error no half port
tcp(1.5)
tcp(
  443,
  // @ts-expect-error on the line of the port
  99999,
)
// @ts-expect-error the end of the range
tcp('8000-70000')
// @ts-expect-error the start of the range
udp('0-10')
// @ts-expect-error a destination unreachable opens nothing
icmp(3)

allow.out({ to: 'api.x', service: ['443/tcp', 'ntp', '8000-8100/udp', tcp(1, 2)], why: 'Reason' })
allow.out({
  to: 'api.x',
  // @ts-expect-error no such port
  service: '70000/tcp',
  why: 'Reason',
})
allow.out({
  to: 'api.x',
  service: [
    '443/tcp',
    // @ts-expect-error no such port
    '0/udp',
  ],
  why: 'Reason',
})
allow.out({
  to: 'api.x',
  // @ts-expect-error the range ends too high
  service: '1-65536/tcp',
  why: 'Reason',
})
deny.in({
  from: 'any',
  // @ts-expect-error no such service
  service: 'htps',
  why: 'Reason',
})

// Reasons, directions, unknown properties.
// @ts-expect-error no reason
allow.out({ to: 'api.x', service: 'https' })
// @ts-expect-error no service: `any` is written out
allow.out({ to: 'api.x', why: 'Reason' })
// @ts-expect-error no reason
deny.both({ peer: 'any' })
deny.in({
  // @ts-expect-error `in` has `from`
  to: 'any',
  why: 'Reason',
})
allow.out({
  to: 'api.x',
  service: 'https',
  why: 'Reason',
  // @ts-expect-error misspelt
  tikcet: 'GEO-12',
})
list('known', {
  why: 'Seen',
  entries: {
    // @ts-expect-error no reason for this entry
    '198.51.100.7': { source: 'feed' },
  },
})
// @ts-expect-error no reason
profile('camera', { rules: {} })
profile('camera', {
  why: 'Watches',
  rules: {
    // @ts-expect-error a profile's rule has no who
    ssh: allow.in({ who: 'any', from: 'any', service: 'ssh', why: 'Reason' }),
  },
})

// Networks.
const things = network({ role: 'things', interface: ['wlan0', 'wlan1'], cidrs: 'from-interface' })
const station = network({ role: 'trusted', interface: 'lan0', cidrs: ['10.30.0.0/24'], admin: '10.30.0.5' })
const uplink = network({ role: 'uplink', interface: 'wan0', masquerade: true })
network({
  // @ts-expect-error no such role
  role: 'thing',
  interface: 'wlan0',
  cidrs: ['10.0.0.0/8'],
})
// @ts-expect-error no prefixes
network({ role: 'guest', interface: 'wlan0' })
network({
  role: 'guest',
  interface: 'wlan0',
  cidrs: '10.0.0.0/8',
  // @ts-expect-error only an uplink translates
  masquerade: true,
})

// Words, known where the policy is.
const seismometer = profile('seismometer', {
  why: 'Measures',
  rules: {
    readings: allow.out({ to: 'api.x', service: 'https', why: 'Reason' }),
    shell: allow.in({ from: 'station', service: 'ssh', why: 'Reason' }),
    siblings: allow.both({ peer: { profile: 'seismometer' }, service: 'coap', why: 'Reason' }),
  },
})
const camera = profile('camera', {
  why: 'Watches',
  rules: { viewers: allow.in({ from: ['statoin', '10.0.0.1'], service: 'rtsp', why: 'Reason' }) },
})

policy('site', {
  networks: { things, station, uplink },
  devices: {
    'vent-01': seismometer.device({ mac: '02:00:00:00:00:01', ip: '10.20.0.11' }),
    'vent-02': seismometer.device({ mac: '02:00:00:00:00:02', network: 'things' }),
    // @ts-expect-error its profile speaks of `statoin`
    'cam-01': camera.device({ mac: '02:00:00:00:00:03' }),
    // @ts-expect-error no such network
    'vent-03': seismometer.device({ mac: '02:00:00:00:00:04', network: 'thigns' }),
    'vent-04': seismometer.device({
      mac: '02:00:00:00:00:07',
      // @ts-expect-error on the line of the word
      network: 'vent-01',
      rules: {
        more: allow.out({
          // @ts-expect-error on the line of the word
          to: 'statoin',
          // @ts-expect-error and the port on its own
          service: '65536/tcp',
          why: 'Reason',
        }),
      },
    }),
    'vent-05': device({
      // @ts-expect-error on the line of the word
      network: 'thing',
      mac: '02:00:00:00:00:08',
    }),
    solo: device({
      mac: '02:00:00:00:00:05',
      rules: { x: allow.out({ to: 'vent-01', service: 'any', why: 'Reason' }) },
    }),
    // @ts-expect-error its rule speaks of a device that is not there
    duo: device({ mac: '02:00:00:00:00:06', rules: { x: deny.out({ to: 'vent-1', why: 'Reason' }) } }),
  },
  rules: {
    botnets: deny.both({ who: 'any', peer: badHosts, why: 'Reason' }),
    several: deny.both({ who: ['things', 'vent-01', seismometer], peer: 'fd00::1', why: 'Reason' }),
    labels: deny.in({
      who: { label: { site: 'mauna-loa' }, except: ['vent-02', { device: 'solo' }] },
      from: { of: ['10.0.0.0/8', 'station'], except: badHosts },
      except: 'uplink',
      why: 'Reason',
    }),
    profiles: deny.out({ who: { profile: 'seismometer' }, to: { network: 'station' }, why: 'Reason' }),
    mixed: deny.both({
      who: ['any', { label: { a: 'b' } }, { name: 'nas' }],
      peer: ['station'],
      why: 'Reason',
    }),
    mixedUp: deny.both({
      who: ['any', { label: { a: 'b' } }, { name: 'nas' }],
      // @ts-expect-error found among forms that name no network
      peer: ['statoin'],
      why: 'Reason',
    }),
    // @ts-expect-error says nobody
    nobody: deny.both({ peer: badHosts, why: 'Reason' }),
    // @ts-expect-error no such network
    misspelt: deny.both({ who: 'thingz', peer: badHosts, why: 'Reason' }),
    far: deny.both({
      who: 'any',
      // @ts-expect-error on the line of the peer
      peer: { of: 'any', except: 'thingz' },
      why: 'Reason',
    }),
    among: allow.out({
      who: 'things',
      to: [
        'station',
        // @ts-expect-error on the line of the word
        'uplonk',
        'api.x',
      ],
      service: 'https',
      why: 'Reason',
    }),
    object: allow.out({
      who: 'any',
      to: [
        // @ts-expect-error on the line of the object
        { network: 'statoin' },
      ],
      service: 'https',
      why: 'Reason',
    }),
    excepted: allow.out({
      who: 'things',
      to: 'any',
      service: 'https',
      // @ts-expect-error on the line of the word
      except: ['station', 'vent-012'],
      why: 'Reason',
    }),
    kinds: deny.both({
      // @ts-expect-error a device is no network
      who: { network: 'vent-01' },
      // @ts-expect-error a network is no device
      peer: { device: 'station' },
      why: 'Reason',
    }),
    several2: deny.both({
      // @ts-expect-error each fault on its own line
      who: 'thingz',
      // @ts-expect-error each fault on its own line
      peer: 'stattion',
      why: 'Reason',
    }),
    computed: allow.out({ who: 'things', to: backend, service: 'https', why: 'Reason' }),
    also: allow.out({ who: 'things', to: [backend, { device: backend }], service: 'https', why: 'Reason' }),
    within: deny.both({
      // @ts-expect-error no such device
      who: { label: { a: 'b' }, except: ['vent-022'] },
      peer: 'any',
      why: 'Reason',
    }),
    // @ts-expect-error of a rule written outside, where it comes in
    outside,
    insideOut,
    // @ts-expect-error no reason
    unreasoned: allow.in({ who: 'any', from: 'any', service: 'ssh' }),
  },
  quarantine: {
    'vent-01': { why: 'Talks to a botnet', onExpiry: 'lift' },
    // @ts-expect-error no such device
    'vent-09': { why: 'Reason' },
  },
  tests: [
    { from: 'vent-01', to: 'api.x:443/tcp', expect: 'allow', rule: 'seismometer/readings' },
    { from: '10.0.0.1', to: 'vent-01:22/tcp', expect: 'deny' },
    // @ts-expect-error no such device
    { from: 'vent-09', to: 'api.x:443/tcp', expect: 'allow' },
    // @ts-expect-error neither allowed nor denied
    { from: 'vent-01', to: 'api.x:443/tcp', expect: 'maybe' },
    test.allows('vent-01', 'api.x:443/tcp'),
    test.denies('203.0.113.9', 'vent-01:22/tcp'),
    // @ts-expect-error no such device
    test.allows('vent-09', 'api.x:443/tcp'),
  ],
})

policy('held', {
  networks: { things },
  devices: { 'vent-01': device({ mac: '02:00:00:00:00:01' }) },
  // @ts-expect-error no reason
  quarantine: { 'vent-01': {} },
})

// Profiles are known once nothing else is wrong with devices, quarantine and tests.
policy('profiles', {
  networks: { things, station },
  devices: { 'vent-01': seismometer.device({ mac: '02:00:00:00:00:01' }) },
  rules: {
    known: deny.out({ who: { profile: 'seismometer' }, to: 'any', why: 'Reason' }),
    // @ts-expect-error no such profile
    unknown: deny.out({ who: { profile: 'seismo' }, to: 'any', why: 'Reason' }),
  },
})

// Computed names say nothing to the type-checker; `validate` and `lower` judge them.
declare const names: readonly string[]
policy('computed', {
  networks: { things },
  devices: Object.fromEntries(names.map((name) => [name, seismometer.device({ mac: name, ip: name })])),
  rules: { backend: allow.out({ who: 'vent-77', to: backend, service: 'https', why: 'Reason' }) },
})

// What a part defines is known to the rules of the policy it is part of.
const vents = part({
  networks: { station },
  devices: { 'vent-01': seismometer.device({ mac: '02:00:00:00:00:01' }) },
  rules: { anything: deny.out({ who: 'not-known-here', to: 'any', why: 'Reason' }) },
})
policy('parts', {
  networks: { things },
  parts: [vents],
  rules: {
    known: allow.out({ who: 'vent-01', to: 'station', service: 'https', why: 'Reason' }),
    // @ts-expect-error no such device
    unknown: allow.out({ who: 'vent-02', to: 'station', service: 'https', why: 'Reason' }),
  },
  quarantine: { 'vent-01': { why: 'Reason' } },
  tests: [test.allows('vent-01', '10.30.0.1:443/tcp')],
})
// @ts-expect-error no part
policy('no-part', { networks: { things }, parts: [{ devices: {} }] })

// Forwards: an uplink, ports, and a device by names that the policy has.
policy('forwards', {
  networks: { things, station, uplink },
  devices: { 'vent-01': seismometer.device({ mac: '02:00:00:00:00:01' }) },
  forwards: {
    one: forward({ at: 'uplink', service: tcp(8554), to: 'vent-01', port: 554, why: 'Reason' }),
    several: forward({
      at: 'uplink',
      service: 'https',
      to: '10.0.0.9',
      from: ['203.0.113.0/28'],
      why: 'Reason',
    }),
    foreign: forward({
      at: 'uplink',
      service: 'https',
      to: { network: 'things' },
      by: 'docker',
      why: 'Reason',
    }),
    // @ts-expect-error no reason
    bare: forward({ at: 'uplink', service: 'https', to: 'vent-01' }),
    // @ts-expect-error no such network
    network: forward({ at: 'uplnk', service: 'https', to: 'vent-01', why: 'Reason' }),
    // @ts-expect-error no such device
    device: forward({ at: 'uplink', service: 'https', to: 'vent-09', why: 'Reason' }),
    // @ts-expect-error no such device or network
    sender: forward({ at: 'uplink', service: 'https', to: 'vent-01', from: 'sttion', why: 'Reason' }),
    // @ts-expect-error no port
    port: forward({ at: 'uplink', service: 'https', to: 'vent-01', port: 70_000, why: 'Reason' }),
    // @ts-expect-error a rule is no forward
    rule: allow.in({ from: 'any', service: 'https', why: 'Reason' }),
  },
})
