/**
 * `npm run bench -- types`: what TypeScript takes to check a policy file in which everything is written in full, as
 * `thingwall check` never does and an editor does all the time.
 *
 * CPU seconds of the compiler as a whole process, in one thread, the best of a few runs; memory is what it held at its
 * end. The peer is the same compiler on a policy with one device: what the language itself costs.
 */
import { type Compiled, compile } from '../test/editor/compiler.ts'
import { fleetSource, type Size } from '../test/editor/fleet.ts'
import type { Measured } from './rows.ts'

const RUNS = 3

const sizes: readonly (Size & { readonly barSeconds: number })[] = [
  { devices: 100, rules: 50, barSeconds: 2 },
  { devices: 500, rules: 300, barSeconds: 3 },
  { devices: 2000, rules: 1000, barSeconds: 15 },
  { devices: 5000, rules: 1000, barSeconds: 30 },
]

export default async function* measure(): AsyncGenerator<Measured> {
  const least = await best({ devices: 1, rules: 0 })
  for (const { barSeconds, ...size } of sizes) {
    const at = `${size.devices.toLocaleString('en')} devices, ${size.rules.toLocaleString('en')} rules`
    const { cpuSeconds, megabytes } = await best(size)
    yield {
      measure: `check types, ${at}`,
      value: cpuSeconds,
      unit: 's CPU',
      bar: { op: '<=', value: barSeconds },
      peers: { 'one device': least.cpuSeconds },
    }
    yield {
      measure: `memory, ${at}`,
      value: megabytes,
      unit: 'MB',
      bar: { op: '<=', value: 2000 },
      peers: { 'one device': least.megabytes },
    }
  }
}

async function best(size: Size): Promise<Compiled> {
  const runs: Compiled[] = []
  for (let run = 0; run < RUNS; run++) {
    const compiled = await compile(fleetSource(size))
    if (compiled.code !== 0) throw new Error(`the compiler ended with ${compiled.code}: ${compiled.output}`)
    runs.push(compiled)
  }
  return runs.reduce((one, other) => (other.cpuSeconds < one.cpuSeconds ? other : one))
}
