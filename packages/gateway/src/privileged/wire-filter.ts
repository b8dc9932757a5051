/**
 * Which frames of a link the kernel hands to who watches it, as a program of the classic packet filter (linux/filter.h):
 * DHCP between client and server in either direction, and neighbour solicitations and advertisements. So a link that
 * carries a gigabit wakes nobody. What gets through is read as strictly elsewhere; nothing is decided here.
 *
 * The filter runs on whole Ethernet frames, with VLAN tags taken off by the kernel before.
 */

type Instruction = readonly [code: number, yes: number, no: number, value: number]
/** A jump names the place it goes to; places are counted when all is known. */
type Step =
  | Instruction
  | { readonly test: number; readonly yes: string; readonly no: string; readonly code?: number }
  | string

const LOAD_HALF = 0x28
const LOAD_BYTE = 0x30
/** Loads beyond an IPv4 header, whose length is loaded before. */
const LOAD_LENGTH = 0xb1
const LOAD_HALF_BEYOND = 0x48
const IS_EQUAL = 0x15
const HAS_BITS = 0x45
const RETURN = 0x06

const load = (code: number, at: number): Instruction => [code, 0, 0, at]
const is = (test: number, yes: string, no: string): Step => ({ test, yes, no })

const STEPS: readonly Step[] = [
  load(LOAD_HALF, 12),
  is(0x0800, 'four', 'maybe-six'),
  'four',
  load(LOAD_BYTE, 23),
  is(17, 'whole', 'drop'),
  'whole',
  load(LOAD_HALF, 20),
  { test: 0x3fff, yes: 'drop', no: 'ports', code: HAS_BITS },
  'ports',
  load(LOAD_LENGTH, 14),
  load(LOAD_HALF_BEYOND, 14),
  is(67, 'from-server', 'maybe-client'),
  'from-server',
  load(LOAD_HALF_BEYOND, 16),
  is(68, 'take', 'drop'),
  'maybe-client',
  is(68, 'from-client', 'drop'),
  'from-client',
  load(LOAD_HALF_BEYOND, 16),
  is(67, 'take', 'drop'),
  'maybe-six',
  is(0x86dd, 'six', 'drop'),
  'six',
  load(LOAD_BYTE, 20),
  is(58, 'discovery', 'maybe-udp'),
  'discovery',
  load(LOAD_BYTE, 54),
  is(135, 'take', 'maybe-advertised'),
  'maybe-advertised',
  is(136, 'take', 'drop'),
  'maybe-udp',
  is(17, 'ports-six', 'drop'),
  'ports-six',
  load(LOAD_HALF, 54),
  is(547, 'from-server-six', 'maybe-client-six'),
  'from-server-six',
  load(LOAD_HALF, 56),
  is(546, 'take', 'drop'),
  'maybe-client-six',
  is(546, 'from-client-six', 'drop'),
  'from-client-six',
  load(LOAD_HALF, 56),
  is(547, 'take', 'drop'),
  'drop',
  [RETURN, 0, 0, 0],
  'take',
  [RETURN, 0, 0, 0xffff],
]

/** The program as the kernel takes it, 8 bytes an instruction; little-endian, as every machine this runs on. */
export function wireFilter(): Buffer {
  const places = new Map<string, number>()
  const steps: Exclude<Step, string>[] = []
  for (const step of STEPS) {
    if (typeof step === 'string') places.set(step, steps.length)
    else steps.push(step)
  }
  const program = Buffer.alloc(steps.length * 8)
  for (const [at, step] of steps.entries()) {
    const jump = (to: string): number => (places.get(to) as number) - at - 1
    const [code, yes, no, value]: Instruction =
      'test' in step ? [step.code ?? IS_EQUAL, jump(step.yes), jump(step.no), step.test] : step
    program.writeUInt16LE(code, at * 8)
    program.writeUInt8(yes, at * 8 + 2)
    program.writeUInt8(no, at * 8 + 3)
    program.writeUInt32LE(value, at * 8 + 4)
  }
  return program
}
