/**
 * What a command hands back, and what it may touch of the world. Printing is `run.ts`'s job, so every command
 * answers in text and in JSON from one value.
 */
import type { WriteStream } from 'node:tty'
import type { Exit } from './exit.ts'

/** The world, as parameters. */
export interface Host {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Pick<WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: Pick<WriteStream, 'write'> & { readonly isTTY?: boolean; readonly columns?: number }
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface Report {
  readonly exit: Exit
  /** The one document that `--json` prints. */
  readonly json: unknown
  /** What a person reads on standard output. */
  readonly text: (page: Page) => string
  /** Remarks for standard error: warnings beside a result that itself goes into a pipe. */
  readonly aside?: (page: Page) => string
  /** Commands worth running next, each with what it shows; on standard error. */
  readonly next: readonly (readonly [command: string, shows: string])[]
}

export type Ink = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'

/** Where text will stand: its width, and whether colours show there. */
export interface Page {
  /** Columns; Infinity where lines are not to be broken (a pipe, a file). */
  readonly width: number
  readonly cwd: string
  readonly ink: (ink: Ink, text: string) => string
}
