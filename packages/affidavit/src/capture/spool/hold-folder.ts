// A folder has one process at a time (spec/spool.md S7).

import { rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { LedgerError } from '../../errors/ledger-error.ts'
import { holdFile } from '../../stores/sqlite/connect.ts'

/** Whose it is, for people: the lock itself is the operating system's. */
export const HOLDER = 'holder'

/** @throws LedgerError `spool-unavailable` where another process has it */
export async function holdFolder(folder: string): Promise<{ release(): void }> {
  const held = holdFile(join(folder, 'lock'))
  if (held === undefined) throw heldBy(folder, await holderOf(folder))
  writeFileSync(join(folder, HOLDER), `${hostname()} ${process.pid}\n`, { mode: 0o600 })
  return {
    release() {
      rmSync(join(folder, HOLDER), { force: true })
      held.release()
    },
  }
}

/** `HOST PID`, as the last holder wrote it; a process that died left it there. */
export async function holderOf(folder: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, HOLDER), 'utf8')).trim()
  } catch {
    return undefined
  }
}

function heldBy(folder: string, holder: string | undefined): LedgerError {
  const [host, pid] = holder?.split(' ') ?? []
  return new LedgerError('spool-unavailable', {
    problem: `the spool in ${folder} is held by ${pid === undefined ? 'another process' : `process ${pid} on ${host}`}`,
    cure: 'give each process a folder of its own; what a dead one left is taken over by whoever opens its folder next',
  })
}
