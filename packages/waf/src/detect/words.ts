/**
 * All long lists of words. Only re-exports: what is imported from here stands side by side in a bundle, and the whole is
 * smaller once it is compressed, for words are like words and not like code.
 */
export { isPhp, isPhpToo } from './code/functions.ts'
export { secretFiles } from './path/secret-files.ts'
export {
  isDoubtful,
  isSure,
  leading,
  readers,
  runners,
  subcommands,
  unmistakable,
} from './shell/commands.ts'
export { sqlFunctions, tellingFunctions } from './sql/functions.ts'
