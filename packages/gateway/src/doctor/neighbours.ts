/**
 * Whether the neighbour table has room for the site: its usual 1,024 entries are too few for larger ones, and what does
 * not fit cannot be reached. Each device has one IPv4 and up to a few IPv6 addresses.
 */
import type { Check, Finding, Ground } from './finding.ts'
import { settingForGood } from './settings.ts'

const FAMILIES = [
  { name: 'IPv4', path: 'ipv4', each: 1 },
  { name: 'IPv6', path: 'ipv6', each: 3 },
] as const
/** Hosts that no policy names: guests, laptops, the uplink's router. */
const BESIDE = 256

export const neighbours: Check = (ground) => Promise.all(FAMILIES.map((family) => roomFor(ground, family)))

async function roomFor(
  { machine, devices }: Ground,
  { name, path, each }: (typeof FAMILIES)[number],
): Promise<Finding> {
  const limit = Number((await machine.read(`/proc/sys/net/${path}/neigh/default/gc_thresh3`))?.trim())
  if (!(limit > 0))
    return {
      check: 'neighbours',
      severity: 'note',
      message: `how many neighbours ${name} has room for cannot be read here`,
      mend: null,
    }
  const listed = await machine.run('ip', ['-json', path === 'ipv4' ? '-4' : '-6', 'neighbour', 'show'])
  const present = countIn(listed.stdout)
  const wanted = Math.max((devices ?? 0) * each + BESIDE, present * 2)
  if (limit >= wanted)
    return {
      check: 'neighbours',
      severity: 'fine',
      message: `room for ${limit} neighbours over ${name}, ${present} are there`,
      mend: null,
    }
  const more = 2 ** Math.ceil(Math.log2(wanted))
  return {
    check: 'neighbours',
    severity: 'warning',
    message: `there is room for ${limit} neighbours over ${name}, and this site may have ${wanted}: those that do not fit cannot be reached`,
    mend: settingForGood(
      `net.${path}.neigh.default.gc_thresh3=${more}`,
      `net.${path}.neigh.default.gc_thresh2=${more / 2}`,
    ),
  }
}

function countIn(text: string): number {
  try {
    const all: unknown = JSON.parse(text)
    return Array.isArray(all) ? all.length : 0
  } catch {
    return 0
  }
}
