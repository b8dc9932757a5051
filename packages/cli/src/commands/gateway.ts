/**
 * `thingwall gateway`: the daemon in the foreground, until SIGTERM or SIGINT. Logs are JSON lines on standard error. It
 * runs without rights: `$THINGWALL_PRIVILEGED` names the folder with the sockets `rules` and `kernel`, behind which
 * somebody starts the privileged process. Started as root it does that itself, and runs the daemon as `--user`.
 */
import { resolve } from 'node:path'
import {
  ACCOUNT,
  type Account,
  accountOf,
  become,
  canBecome,
  LEASE_PLACES,
  type LeasePlace,
  requireNetAdmin,
  thisMachine,
} from '@thingwall/gateway'
import { runFolder } from '../events/api.ts'
import type { Call } from '../frame/call.ts'
import { Failure, usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'
import type { TcpPlace } from '../gateway/run-daemon.ts'
import { BECOME, PRIVILEGED, supervise } from '../gateway/supervise.ts'
import { safe } from '../render/text.ts'
import { stateFolderOf } from './site.ts'

export async function run(call: Call, host: Host): Promise<Report> {
  const tcp = tcpOf(call, host)
  const leases = leasesOf(call, host)
  const places = { state: stateFolderOf(call, host), run: runFolder(host) }
  const helper = host.env[PRIVILEGED] ?? ''
  const account = helper === '' ? await accountFor(call) : null
  if (account !== null) return supervise({ account, ...places }, host)
  if (helper === '') await requireNetAdmin(thisMachine, 'thingwall gateway')
  else await leaveRoot(host)
  // Not before: the one who supervises needs none of its libraries.
  const { runDaemon } = await import('../gateway/run-daemon.ts')
  return runDaemon({ ...places, helper: helper === '' ? null : helper, leases, tcp }, host)
}

/** Whom the daemon is to run as; null where it stays what this process is. */
async function accountFor({ options }: Call): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const name = options.user ?? ACCOUNT
  const account = await accountOf(thisMachine, name)
  if (account === null)
    throw new Failure(`there is no user ${safe(name, 60)} for the gateway to run as`, {
      code: 'environment',
      hint: `make one: useradd --system --user-group ${ACCOUNT}; or name another with --user (root: it stays root)`,
    })
  return account.uid === 0 || !canBecome(account) ? null : account
}

/** Where the one who supervises has started it as root. */
async function leaveRoot({ env }: Host): Promise<void> {
  const name = env[BECOME] ?? ''
  if (name === '' || process.getuid?.() !== 0) return
  const account = await accountOf(thisMachine, name)
  if (account === null) throw new Error(`there is no user ${name}`)
  become(account)
}

function leasesOf({ options }: Call, host: Host): readonly LeasePlace[] {
  const { leases } = options
  if (leases === undefined) return LEASE_PLACES
  if (leases === 'none') return []
  return leases.split(',').map((text) => {
    const [, kind, path] = /^(dnsmasq|kea):(.+)$/.exec(text) ?? []
    if (path === undefined || (kind !== 'dnsmasq' && kind !== 'kea'))
      throw usage(
        `--leases ${safe(text, 80)} names no lease file`,
        'write dnsmasq:/var/lib/misc/dnsmasq.leases, kea:/var/lib/kea/kea-leases4.csv, several with commas, or none',
      )
    return { kind, path: resolve(host.cwd, path) }
  })
}

function tcpOf({ options }: Call, host: Host): TcpPlace | null {
  const { listen: where, 'token-file': file } = options
  if (where === undefined && file === undefined) return null
  if (where === undefined || file === undefined)
    throw usage(
      '--listen and --token-file belong together',
      '--listen 10.30.0.1:8520 --token-file /etc/thingwall/token',
    )
  const found = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(where)
  const port = Number(found?.[3])
  if (found === null || port > 65_535)
    throw usage(
      `--listen ${safe(where, 60)} is no address with a port`,
      'write 10.30.0.1:8520 or [fd30::1]:8520',
    )
  return { host: found[1] ?? found[2] ?? '', port, tokenFile: resolve(host.cwd, file) }
}
