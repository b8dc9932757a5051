/**
 * Keeps the caller's connection alive over a replace. The kernel's rule set knows flows by connection tracking and by
 * the number of the rule that let them in. A connection older than our tables has no number, and where nothing on the
 * machine tracked connections before it is not even known: then its packets begin nothing and are dropped as invalid.
 *
 * So before the load the connection is entered into the kernel's table, and its mark is set to the number of the rule
 * that `evaluate` found. That is all `conntrack` is used for.
 */
import { type Artifact, type Diagnostic, diagnose, formatAddress } from '@thingwall/policy'
import { MARK_MASK } from '@thingwall/policy/nftables'
import type { Caller } from '../machine/caller.ts'
import type { Machine } from '../machine/machine.ts'
import type { CallerVerdict } from './caller-verdict.ts'

/** How long the entry stays without a packet: as long as the kernel keeps established TCP. */
const KEEP_SECONDS = 432_000
/** The rest of a connection's mark is other programs'. */
const OUR_BITS = `0x${MARK_MASK.toString(16)}`

/** Prepares the kernel for a load. An error where the connection cannot be kept although the policy allows it. */
export async function keepCaller(
  machine: Machine,
  verdict: CallerVerdict,
  artifact: Artifact,
): Promise<readonly Diagnostic[]> {
  const { caller, decision } = verdict
  const mark = liveNumberOf(artifact, decision.rule.id)
  const tuple = tupleOf(caller)
  const known = await machine.run('conntrack', ['-L', ...tuple])
  if (known.isMissing) return (await isTracked(machine)) ? [] : [cannotKeep(caller)]
  if (known.stdout.trim() !== '') {
    // Without a number the peer's next packet is judged, and answers flow after it.
    if (mark !== null) await machine.run('conntrack', ['-U', ...tuple, '--mark', `${mark}/${OUR_BITS}`])
    return []
  }
  const state = ['--state', 'ESTABLISHED', '-t', String(KEEP_SECONDS), '-u', 'ASSURED,SEEN_REPLY']
  const numbered = mark === null ? [] : ['--mark', mark]
  const ended = await machine.run('conntrack', ['-I', ...tuple, ...state, ...numbered])
  return ended.status === 0 ? [] : [cannotKeep(caller)]
}

function tupleOf(caller: Caller): readonly string[] {
  const source = ['-s', formatAddress(caller.peer), '--sport', String(caller.peerPort)]
  const destination = ['-d', formatAddress(caller.local), '--dport', String(caller.localPort)]
  return ['-p', 'tcp', ...source, ...destination]
}

/** The number that marks what a rule lets in, as the artifact writes it; null for a rule in several parts. */
export function liveNumberOf(artifact: Artifact, rule: string): string | null {
  const chains = (artifact.places[rule] ?? []).filter((place) => place.startsWith('chain inet '))
  const name = chains[0]?.split(' ').at(-1)
  if (chains.length !== 1 || name === undefined) return null
  const from = artifact.text.indexOf(`\tchain ${name} {\n`)
  const body = artifact.text.slice(from, artifact.text.indexOf('\n\t}', from))
  return from === -1 ? null : (/ct mark set .*\| (0x[0-9a-f]{8}) accept/.exec(body)?.[1] ?? null)
}

/** Whether anything on this machine makes the kernel track connections already. */
async function isTracked(machine: Machine): Promise<boolean> {
  const count = await machine.read('/proc/sys/net/netfilter/nf_conntrack_count')
  return count !== null && Number(count) > 0
}

function cannotKeep(caller: Caller): Diagnostic {
  return diagnose('TW4011', {
    message: `the connection you are on (${formatAddress(caller.peer)}) is older than connection tracking here, and cannot be kept`,
    path: '',
    hint: 'apt-get install conntrack, which lets thingwall enter it; or --lock-me-out: you are allowed back in, by a new connection.',
    origin: null,
  })
}
