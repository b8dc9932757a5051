/** `@thingwall/policy/nftables`: the compiler for the Linux kernel. */
export { nftables } from './emit.ts'
export {
  type BaseChain,
  type Generation,
  type GenerationTable,
  inGeneration,
  type LargeSet,
  nameIn,
  rootIn,
  splitName,
} from './generation.ts'
export {
  FIRST_LIVE,
  type LogOptions,
  type LogRate,
  MARK_MASK,
  type NftablesOptions,
  TABLE,
  usualLogRate,
} from './options.ts'
export { type GivenDevice, type RunTimeElement, runTimeElements } from './run-time.ts'
export { isStated } from './sets.ts'
export { rulesByNumber } from './slots.ts'
export { element } from './text.ts'
export { counterOf } from './verdicts.ts'
