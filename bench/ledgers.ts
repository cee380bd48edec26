// Ledgers to measure on, of one store, whose homes lie in one temporary folder that goes when the benchmark ends.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Ledger, openLedger } from 'affidavit'

import { createWorkload, type Workload } from './drafts.ts'

const AT_ONCE = 20_000

/** The name of every ledger. */
export const ORIGIN = 'bench.example/clinic'

export interface Ledgers {
  /** A folder for a ledger of its own that nobody else uses. */
  emptyFolder(): string
  /** The home of a ledger with so many records of the workload of that size, built when first asked for. */
  withRecords(records: number): Promise<string>
  remove(): void
}

type Say = (line: string) => void

/** Ledgers in SQLite. */
export function createLedgers(say: Say): Ledgers {
  const root = mkdtempSync(join(tmpdir(), 'affidavit-bench-'))
  let folders = 0

  function emptyFolder(): string {
    folders++
    return join(root, String(folders))
  }

  return {
    emptyFolder,
    withRecords: builtOnce(async () => emptyFolder(), say),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** @param home where a ledger may lie that nobody else uses */
export function builtOnce(home: () => Promise<string>, say: Say): Ledgers['withRecords'] {
  const built = new Map<number, Promise<string>>()
  return (records) => {
    const there = built.get(records) ?? build(home, records, say)
    built.set(records, there)
    return there
  }
}

async function build(home: () => Promise<string>, records: number, say: Say): Promise<string> {
  const folder = await home()
  const begun = performance.now()
  const ledger = await openNew(folder)
  const workload = createWorkload(records)
  // The ledger's own first record is one of them.
  for (let from = 0; from < records - 1; from += AT_ONCE) {
    await ledger.appendMany(stretch(workload, from, Math.min(AT_ONCE, records - 1 - from)))
  }
  await ledger.close()
  const seconds = (performance.now() - begun) / 1000
  say(`built a ledger of ${records} records in ${seconds.toFixed(1)} s, ${Math.round(records / seconds)} records/s`)
  return folder
}

export function openNew(folder: string): Promise<Ledger> {
  return openLedger(folder, { origin: ORIGIN })
}

export function* stretch(workload: Workload, from: number, count: number): Generator<ReturnType<Workload['draft']>> {
  for (let n = from; n < from + count; n++) yield workload.draft(n)
}
