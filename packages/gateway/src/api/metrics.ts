/** Numbers for Prometheus: counters of rules from the kernel, of events from the recorder; each scrape looks anew. */
import { Counter, Gauge, Registry } from 'prom-client'
import type { DaemonState } from '../daemon/daemon.ts'
import type { RuleCount } from '../nft/counters.ts'
import type { StoreSize } from '../store/store.ts'

export interface Measured {
  readonly state: DaemonState
  readonly counters: readonly RuleCount[]
  readonly store: StoreSize
}

export interface Metrics {
  readonly contentType: string
  readonly text: (measured: Measured) => Promise<string>
}

/** Every number is that of one look, so nothing is kept between two. */
export function openMetrics(): Metrics {
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    text: (measured) => registryOf(measured).metrics(),
  }
}

function registryOf({ state, counters, store }: Measured): Registry {
  const registry = new Registry()
  const registers = [registry]
  const counter = (name: string, help: string, value: number): void =>
    new Counter({ name: `thingwall_${name}`, help, registers }).inc(value)
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name: `thingwall_${name}`, help, registers }).set(value)
  const { watch, recording, privileged, given } = state
  const { packets, flows, events } = recording.counts
  const { inForce, drift } = watch

  const byRule = { labelNames: ['rule'], registers } as const
  const met = new Counter({
    name: 'thingwall_rule_packets_total',
    help: 'Packets each rule has decided',
    ...byRule,
  })
  const bytes = new Counter({ name: 'thingwall_rule_bytes_total', help: 'Bytes of these packets', ...byRule })
  for (const { rule, ...count } of counters) {
    met.inc({ rule }, count.packets)
    bytes.inc({ rule }, count.bytes)
  }
  counter('packets_seen_total', 'Logged packets that were read', packets.seen)
  counter('packets_lost_total', 'Logged packets that came faster than they could be read', packets.lost)
  counter('flows_seen_total', 'Flows seen to open or to close', flows.seen)
  counter('flows_lost_total', 'Flows that opened or closed faster than they could be read', flows.lost)
  counter(
    'socket_overruns_total',
    'How often a buffer of the kernel was full',
    packets.overruns + flows.overruns,
  )
  counter('events_written_total', 'Events written to the store', events.written)
  counter('events_lost_total', 'Events that the store did not take', events.lost)
  gauge('store_bytes', 'What the store takes on the disk', store.bytes)
  if (store.oldestMs !== null)
    gauge('store_oldest_timestamp_seconds', 'Begin of the oldest hour that is kept', store.oldestMs / 1000)
  gauge('recording', '1 while packets and flows are recorded', Number(recording.isRunning))
  counter('recorder_restarts_total', 'How often the recorder was begun anew', recording.restarts)
  counter('privileged_restarts_total', 'How often the privileged process was begun anew', privileged.restarts)
  gauge('leases', 'Addresses that devices have by lease', given.leases)
  gauge(
    'journal_fault',
    '1 while the disk does not take what devices are given',
    Number(given.trouble !== null),
  )
  gauge('in_force', '1 while a policy is in force', Number(inForce?.digest != null))
  gauge('application', 'Number of the application in force', inForce?.record?.sequence ?? 0)
  gauge('trial_left_seconds', 'How long the trial runs yet; 0 for none', (inForce?.trial?.leftMs ?? 0) / 1000)
  gauge('changed', '1 while the rules in the kernel are not those that were applied', Number(drift !== null))
  counter('changes_total', 'How often another program was seen to have changed the rules', watch.drifts)
  counter('restores_total', 'How often that was put back', watch.restores)
  return registry
}
