// What a command is given instead of reaching for it.

import type { ExitCode } from './exit-codes.ts'
import type { Terminal } from './output.ts'

/** Runs another command line in this process, and answers its exit code. */
export type RunCommand = (argv: readonly string[], terminal: Terminal) => Promise<number>

/** What a command needs of its surroundings. */
export interface Surroundings {
  readonly terminal: Terminal
  readonly stdin: NodeJS.ReadableStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Says how the process will end. */
  exit(code: ExitCode): void
  readonly run: RunCommand
}
