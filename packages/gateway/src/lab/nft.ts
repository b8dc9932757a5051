/**
 * Loads rule sets into a namespace many times a second, through libnftables in this process: what a test of
 * hundreds of rule sets needs, where starting `nft` each time would cost more than the load. It is not how
 * the gateway applies a policy. Where the library is absent it starts `nft` instead.
 */
import { spawnSync } from 'node:child_process'
import { inNamespace, libnftables } from '../netlink/libc.ts'

export interface RuleLoader {
  /** Which of the two ways is in use. */
  readonly by: 'library' | 'program'
  /** Runs nft commands as one transaction, exactly as `nft -f` would. Throws with nft's own words. */
  load(commands: string): void
  close(): void
}

/** Opens a loader for the namespace at `namespacePath`, for example `/run/netns/router`. */
export function openRuleLoader(namespacePath: string): RuleLoader {
  const library = libnftables()
  return library === undefined ? byProgram(namespacePath) : byLibrary(namespacePath, library)
}

function byProgram(namespacePath: string): RuleLoader {
  return {
    by: 'program',
    load(commands: string): void {
      const argv = [`--net=${namespacePath}`, '--', 'nft', '-f', '-']
      const { status, stderr, error } = spawnSync('nsenter', argv, { input: commands, encoding: 'utf8' })
      if (status !== 0) throw new Error(`nft: ${error?.message ?? stderr.trim()}`)
    },
    close(): void {},
  }
}

function byLibrary(namespacePath: string, library: NonNullable<ReturnType<typeof libnftables>>): RuleLoader {
  const context = inNamespace(namespacePath, () => library.open(0))
  if (context === null) throw new Error('nft: the library gave no context')
  library.keepErrors(context)
  let closed = false
  return {
    by: 'library',
    load(commands: string): void {
      // The context keeps its socket; names of interfaces are looked up in the namespace of the moment.
      const status = inNamespace(namespacePath, () => library.run(context, commands))
      const said = library.errors(context)
      if (status !== 0) throw new Error(`nft: ${said.trim()}`)
    },
    close(): void {
      if (!closed) library.close(context)
      closed = true
    },
  }
}
