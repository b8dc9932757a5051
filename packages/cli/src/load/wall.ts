/**
 * The walls that the operating system can put around the child that evaluates a policy, strongest first: programs that
 * take rights away and then become Node. Built from util-linux, which every Debian has; nothing here starts anything.
 *
 * A real root's child starts as root, to reach this program wherever it is installed, with hardly a capability; it
 * becomes a user of its own before it reads the policy. Anybody else's child gets a user namespace without rights.
 */

export interface Machine {
  readonly platform: string
  /** -1 where there are no users. */
  readonly uid: number
  /** `/proc/self/uid_map`; empty where there is none. */
  readonly userMap: string
  /** The absolute path of a program of the system, null where it is missing. */
  readonly find: (program: string) => string | null
  /** A number in [0, below). */
  readonly chance: (below: number) => number
}

/** What a wall consists of, as `--json` shows it. */
export interface Built {
  /** `none`: a network namespace without so much as a loopback; `fenced`: Node's modules for it are withheld. */
  readonly network: 'none' | 'fenced'
  /** `own`: a user that nothing else has; `none`: a user namespace without rights; `caller`: those of the caller. */
  readonly user: 'own' | 'none' | 'caller'
  /** Whether the kernel bounds processor time, memory, files and processes. */
  readonly limits: boolean
}

export interface Wall {
  readonly built: Built
  /** The command line that Node's is appended to; empty for none. */
  readonly wrap: readonly string[]
  /** The user and group that the child becomes before it reads the policy; null where it stays who it is. */
  readonly becomeId: number | null
}

export interface Limits {
  readonly processorSeconds: number
  readonly dataBytes: number
  /** Null where the child may fill its cache. */
  readonly fileBytes: number | null
}

/** What systemd gives to services with users of their own, and no person or package has: 61184 to 65519. */
const FIRST_ID = 61_184
const IDS = 4336
const OPEN_FILES = 64
/** Node itself has eleven threads. */
const THREADS = 64

/** The walls to try, in this order. */
export function wallsOn(machine: Machine, limits: Limits): readonly Wall[] {
  const id = FIRST_ID + machine.chance(IDS)
  const isRoot = machine.uid === 0
  const tools: Tools = {
    unshare: machine.find('unshare'),
    limited: (processes) => limitedBy(machine.find('prlimit'), limits, processes),
    rights: (...options) => programOf(machine.find('setpriv'), ['--no-new-privs', ...options]),
  }
  if (isRoot && knows(machine.userMap, id)) {
    const alone = withId(bare, id)
    // Root may go past this number; the user that it becomes may not, and so starts nothing ever.
    return machine.platform === 'linux'
      ? [...rootWalls(tools, id, isWhole(machine.userMap) ? 1 : null), alone]
      : [alone]
  }
  return machine.platform === 'linux'
    ? [...callerWalls(tools, isRoot ? ['--bounding-set=-all'] : []), bare]
    : [bare]
}

const bare: Wall = { built: { network: 'fenced', user: 'caller', limits: false }, wrap: [], becomeId: null }

interface Tools {
  readonly unshare: string | null
  readonly limited: (processes: number | null) => readonly string[]
  readonly rights: (...options: readonly string[]) => readonly string[]
}

function rootWalls(
  { unshare, limited, rights }: Tools,
  id: number,
  processes: number | null,
): readonly Wall[] {
  const limit = limited(processes)
  const inner = [...limit, ...rights('--inh-caps=-all', `--bounding-set=${keptByRoot}`)]
  const fenced = withId({ ...bare, built: { ...bare.built, limits: limit.length > 0 }, wrap: inner }, id)
  return unshare === null ? [fenced] : [withoutNetwork(fenced, [unshare, '--net', '--ipc', '--']), fenced]
}

/**
 * Root of a user namespace that knows no other user is a caller too, but has capabilities to lose; so may a service
 * have that was given some.
 */
function callerWalls({ unshare, limited, rights }: Tools, dropped: readonly string[]): readonly Wall[] {
  const limits = limited(null).length > 0
  const fenced: Wall = {
    built: { network: 'fenced', user: 'caller', limits },
    wrap: [...limited(null), ...rights('--inh-caps=-all', ...dropped)],
    becomeId: null,
  }
  if (unshare === null) return [fenced]
  const inside: Wall = {
    built: { network: 'fenced', user: 'none', limits },
    wrap: [...limited(THREADS), ...rights()],
    becomeId: null,
  }
  const namespaces = ['--user', '--net', '--ipc', '--pid', '--fork', '--kill-child', '--']
  return [withoutNetwork(inside, [unshare, ...namespaces]), fenced]
}

function withId(wall: Wall, becomeId: number): Wall {
  return { ...wall, built: { ...wall.built, user: 'own' }, becomeId }
}

function withoutNetwork(wall: Wall, unshare: readonly string[]): Wall {
  return { ...wall, built: { ...wall.built, network: 'none' }, wrap: [...unshare, ...wall.wrap] }
}

function limitedBy(prlimit: string | null, limits: Limits, processes: number | null): readonly string[] {
  return programOf(prlimit, [
    '--core=0',
    `--cpu=${limits.processorSeconds}`,
    `--data=${limits.dataBytes}`,
    `--nofile=${OPEN_FILES}`,
    ...(limits.fileBytes === null ? [] : [`--fsize=${limits.fileBytes}`]),
    ...(processes === null ? [] : [`--nproc=${processes}`]),
  ])
}

/** A program that becomes another one; nothing where it is missing. */
function programOf(program: string | null, options: readonly string[]): readonly string[] {
  return program === null ? [] : [program, ...options, '--']
}

/** To become another user, and to read this program before that. */
const keptByRoot = '-all,+setuid,+setgid,+dac_read_search'

/** Whether there is such a user here, by the kernel's map; where there is no map, there is every user. */
function knows(map: string, id: number): boolean {
  const ranges = [...map.matchAll(/^\s*(\d+)\s+\d+\s+(\d+)\s*$/gm)]
  return (
    ranges.length === 0 ||
    ranges.some(([, first, count]) => id >= Number(first) && id < Number(first) + Number(count))
  )
}

/** Whether this is no user namespace but the machine itself. */
function isWhole(map: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(map)
}
