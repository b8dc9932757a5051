/** `@thingwall/policy/nftables`: the compiler for the Linux kernel. */
export { nftables } from './emit.ts'
export {
  type BaseChain,
  type Generation,
  type GenerationTable,
  inGeneration,
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
export { rulesByNumber } from './slots.ts'
export { counterOf } from './verdicts.ts'
