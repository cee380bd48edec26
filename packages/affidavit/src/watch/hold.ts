// A ledger has one watcher at a time in its home (spec/watch.md §2): the lock is the operating system's, and goes with its process.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { holdFile } from '../stores/sqlite/connect.ts'
import { cannotKeep, watchFolder } from './folder.ts'

/** Whose it is, for people. */
const HOLDER = 'holder'

/** @throws LedgerError `already-watched`, `store-unavailable` */
export function holdWatch(home: string): { release(): void } {
  const folder = watchFolder(home)
  const held = holdFile(join(folder, 'lock'))
  if (held === undefined) throw alreadyWatched(home)
  try {
    writeFileSync(join(folder, HOLDER), `process ${process.pid} on ${hostname()}\n`, { mode: 0o600 })
  } catch (cause) {
    held.release()
    throw cannotKeep(home, cause)
  }
  return {
    release() {
      rmSync(join(folder, HOLDER), { force: true })
      held.release()
    },
  }
}

function alreadyWatched(home: string): LedgerError {
  const who = holderOf(home) ?? 'another process'
  return new LedgerError('already-watched', {
    problem: `${home} is watched by ${who}; nothing was verified`,
    cure: 'let one watch: stop the other first, or leave it to that one; affidavit doctor shows its last run',
  })
}

function holderOf(home: string): string | undefined {
  try {
    return /^process \d{1,10} on \S{1,255}\n$/
      .exec(readFileSync(join(watchFolder(home), HOLDER), 'utf8'))?.[0]
      .trimEnd()
  } catch (error) {
    // It is just being written, or just gone.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw cannotKeep(home, error)
  }
}
