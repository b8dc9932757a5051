/**
 * libnftables, bound through koffi: one context that lives as long as its process. Commands go in as text from memory and
 * answers come out as text. It checks nothing; what may be asked is decided in serve.ts.
 */
import { createRequire } from 'node:module'

export interface Library {
  /** Runs commands as one transaction. `isDry` asks the kernel and changes nothing. */
  readonly run: (commands: Buffer, how: { readonly flags: number; readonly isDry: boolean }) => Outcome
}

export interface Outcome {
  readonly isDone: boolean
  /** What was listed. */
  readonly output: Buffer
  /** nft's own words. */
  readonly errors: string
}

/** `nft -s`, `-j` and `-t` (`nftables/libnftables.h`). */
export const STATELESS: number = 1 << 2
export const JSON_OUTPUT: number = 1 << 4
export const TERSE: number = 1 << 11

/** The same name with glibc and musl; the loader knows where. */
const SONAME = 'libnftables.so.1'
/** glibc keeps what a large rule set took; this gives it back. Not in musl, which does so by itself. */
const LARGE_BYTES = 1024 * 1024

type Koffi = typeof import('koffi')

/** Throws where koffi has no binary for this platform, or the library is not installed. */
export function openLibrary(): Library {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi
  const library = koffi.load(SONAME)
  const open = library.func('void *nft_ctx_new(uint32_t)')
  const runCommands = library.func('int nft_run_cmd_from_buffer(void *, const void *)')
  const setFlags = library.func('void nft_ctx_output_set_flags(void *, unsigned int)')
  const setDry = library.func('void nft_ctx_set_dry_run(void *, bool)')
  const keepOutput = library.func('int nft_ctx_buffer_output(void *)')
  const keepErrors = library.func('int nft_ctx_buffer_error(void *)')
  const output = library.func('const char *nft_ctx_get_output_buffer(void *)')
  const errors = library.func('const char *nft_ctx_get_error_buffer(void *)')
  const noPaths = library.func('void nft_ctx_clear_include_paths(void *)')
  const trim = trimOf(koffi)

  const context: unknown = open(0)
  if (context === null) throw new Error('libnftables gave no context')
  noPaths(context)
  keepOutput(context)
  keepErrors(context)
  return {
    run: (commands, { flags, isDry }) => {
      setFlags(context, flags)
      setDry(context, isDry)
      // It reads up to the first zero byte.
      const status: number = runCommands(context, Buffer.concat([commands, Buffer.of(0)]))
      const listed: string = output(context)
      const said: string = errors(context)
      if (commands.length + listed.length > LARGE_BYTES) trim?.(0)
      return { isDone: status === 0, output: Buffer.from(listed), errors: said }
    },
  }
}

function trimOf(koffi: Koffi): ((keep: number) => number) | undefined {
  try {
    return koffi.load(null).func('int malloc_trim(size_t)') as (keep: number) => number
  } catch {
    return undefined
  }
}
