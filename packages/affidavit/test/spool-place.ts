// A ledger and the folder of a spool beside it, drafts to put there, and what became of them.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { AuditRecord, Draft } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'

const never = 3_600_000
const QUIET = { intervalMillis: never, afterEntries: 1_000_000, heartbeatMillis: never }

export interface SpoolPlace {
  readonly ledger: string
  readonly spool: string
}

export async function newSpoolPlace(root: string, origin = 'spool.example/agents'): Promise<SpoolPlace> {
  await initLedger(join(root, 'ledger'), { origin })
  return { ledger: join(root, 'ledger'), spool: join(root, 'spool') }
}

export function openQuiet(place: SpoolPlace): Promise<Ledger> {
  return openFolder(place.ledger, { publish: QUIET })
}

/** Draft number `i`, always the same: a small one, one with content, and one with something that may not be kept, in turn. */
export function spoolDraft(i: number): Draft & { readonly id: string } {
  return {
    id: `01a1fc50-5200-7000-8000-${String(i).padStart(12, '0')}`,
    timestamp: new Date(Date.UTC(2026, 10, 21) + i).toISOString(),
    action: 'tool_completed',
    actor_id: 'agent-1',
    actor_type: 'agent',
    conversation_id: 'c',
    subject_ids: ['pat-1'],
    details: { i, ...(i % 3 === 2 ? { note: 'my PIN is 4821' } : {}) },
    ...(i % 3 === 1 ? { content: [{ name: 'result', media_type: 'text/plain', body: `Eleanor Vance, ${i}` }] } : {}),
  }
}

/** The records of drafts, in the order in which they were recorded. */
export async function recordsIn(ledger: Ledger): Promise<AuditRecord[]> {
  const records: AuditRecord[] = []
  for await (const record of ledger.search({ from_seq: 1 })) records.push(record)
  return records
}

export async function numbersIn(ledger: Ledger): Promise<unknown[]> {
  return (await recordsIn(ledger)).map(({ details }) => details?.i)
}

/** The ledger until it takes no more: from the append number `from` on, what `fault` says. */
export function failingFrom(ledger: Ledger, from: number, code: LedgerError['code'] = 'not-committed'): Ledger {
  let appends = 0
  return {
    ...ledger,
    append: async (draft) => {
      if (appends++ >= from) throw new LedgerError(code, { problem: 'it fails from here on' })
      return ledger.append(draft)
    },
  }
}

/** Every byte of the folder. */
export function bytesIn(folder: string): Buffer {
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))))
}

export function filesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^\d/.test(name))
    .sort()
}
