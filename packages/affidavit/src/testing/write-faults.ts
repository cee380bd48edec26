// Breaking chosen writes: the hooks that a database or a file is wrapped with, so that every write of a path can fail in
// every way. Writes are numbered from 0 in the order they are made, across all connections that share the hooks.

/**
 * What goes wrong at a write.
 * - `not-persisted`: nothing happens, and an error says so
 * - `persisted-but-reported-failed`: it happens, and an error says that it did not
 * - `half-persisted`: the first half of the bytes arrive, and an error is reported (all of it, where there are no halves)
 * - `killed-before`, `killed-after`: the process ends there
 */
export type WriteFault =
  | 'not-persisted'
  | 'persisted-but-reported-failed'
  | 'half-persisted'
  | 'killed-before'
  | 'killed-after'

/** One write that may be broken: call `before`, do `portion` of it, call `after`. */
export interface FaultyWrite {
  readonly portion: 'whole' | 'half'
  /** Throws the failure, or ends the process, where that is to happen instead of the write. */
  before(failure: Error): void
  /** The same for after the write. */
  after(failure: Error): void
}

export interface WriteFaults {
  /** The names of the writes so far. */
  readonly seen: readonly string[]
  next(name: string): FaultyWrite
}

/** `plan` says which writes are broken, by number; `kill` ends the process. */
export function writeFaults(plan: ReadonlyMap<number, WriteFault>, kill: () => void = killThisProcess): WriteFaults {
  const seen: string[] = []
  return {
    seen,
    next(name) {
      const fault = plan.get(seen.push(name) - 1)
      return {
        portion: fault === 'half-persisted' ? 'half' : 'whole',
        before(failure) {
          if (fault === 'killed-before') kill()
          if (fault === 'not-persisted') throw failure
        },
        after(failure) {
          if (fault === 'killed-after') kill()
          if (fault === 'persisted-but-reported-failed' || fault === 'half-persisted') throw failure
        },
      }
    },
  }
}

function killThisProcess(): void {
  process.kill(process.pid, 'SIGKILL')
}
