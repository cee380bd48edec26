// A folder has one process at a time (spec/spool.md S7).

import { rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { LedgerError } from '../../errors/ledger-error.ts'
import { holdFile } from '../../stores/sqlite/connect.ts'

/** Whose it is, for people: the lock itself is the operating system's. */
const HOLDER = 'holder'

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

export interface Holder {
  readonly host: string
  readonly pid: number
}

/** The last process that had the folder, and did not leave it in order. */
export async function holderOf(folder: string): Promise<Holder | undefined> {
  const text = await readFile(join(folder, HOLDER), 'utf8').catch(() => '')
  const [, host, pid] = /^(\S+) (\d{1,10})\n$/.exec(text) ?? []
  return host === undefined ? undefined : { host, pid: Number(pid) }
}

function heldBy(folder: string, holder: Holder | undefined): LedgerError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`
  return new LedgerError('spool-unavailable', {
    problem: `the spool in ${folder} is held by ${who}`,
    cure: 'give each process a folder of its own; what a dead one left is taken over by whoever opens its folder next',
  })
}
