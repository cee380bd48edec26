// A store in memory as a verifier reads it, for tests of what no database shows: columns that lie, pages of any width, answers
// that are missing.

import { HASH_BYTES } from '../src/crypto/sha256.ts'
import { parseEntry } from '../src/formats/entry.ts'
import { locateNode } from '../src/merkle/node.ts'
import type { KeptCheckpoint } from '../src/verify/checkpoints.ts'
import type { StoredColumns } from '../src/verify/chunk.ts'
import type { Entry } from '../src/verify/entries.ts'
import { NO_LOG } from '../src/verify/stored/no-log.ts'
import type { Listed, StoredBytes, StoredLedgers, StoredLog, StretchPage } from '../src/verify/stored/stored-log.ts'
import { type OpenedStore, runOnConnections } from '../src/verify/stored/tasks.ts'
import { asRow, type SampleEntry } from './sample-log.ts'

export interface MemoryLedger {
  readonly origin: string
  readonly rows: readonly SampleEntry[]
  readonly checkpoints: readonly KeptCheckpoint[]
  /** Rows of a page. */
  readonly width?: number
  /** What is kept to search by. */
  readonly columns?: (entry: Entry) => StoredColumns
  /** What the store answers instead. */
  readonly instead?: Partial<StoredLog>
}

export function memoryLedgers(ledger: MemoryLedger): StoredLedgers {
  const { origin, rows, instead } = ledger
  return {
    list: async () => [{ no: 1, origin, begun: rows.length > 0 }],
    log: (no) => (no === 1 ? { ...memoryLog(ledger), ...instead } : NO_LOG),
    structure: async () => [],
  }
}

/** The store, opened on as many connections. */
export function openedStore(ledgers: StoredLedgers, connections: number = 1): OpenedStore {
  const all = Array.from({ length: connections }, () => ledgers)
  return {
    where: 'memory',
    ledgers,
    runTasks: (tasks, onAnswer) => runOnConnections(all, tasks, onAnswer),
    findings: [],
  }
}

function memoryLog({ rows, checkpoints, width = 4, columns }: MemoryLedger): StoredLog {
  const stored = rows.map(({ seq, entry }) => ({ seq, bytes: entry }))
  const where = (fits: (entry: Entry) => boolean): StoredBytes[] => stored.filter(({ bytes }) => fits(entryIn(bytes)))
  return {
    ...NO_LOG,
    reach: async () => (rows.at(-1)?.seq ?? -1) + 1,
    count: async () => rows.length,
    checkpoints: async (from) => checkpoints.filter(({ size }) => size >= from),
    newestCheckpoints: async (few) => checkpoints.toReversed().slice(0, few.checkpoints),
    checkpointsAbove: async (from, few) => checkpoints.filter(({ size }) => size > from).slice(0, few.checkpoints),
    entry: async (seq) => stored.find((one) => one.seq === seq),
    conversation: async (id) => where((entry) => entry.conversation_id === id),
    async *entriesOfAction(action) {
      yield where((entry) => entry.action === action)
    },
    entriesAt: async (places) =>
      places.map(
        ({ conversation_id, conversation_seq }) =>
          where((one) => one.conversation_id === conversation_id && one.conversation_seq === conversation_seq)[0],
      ),
    nodes: async (ids) =>
      ids.map((id) => {
        const { seq, offset } = locateNode(id)
        return rows.find((row) => row.seq === seq)?.nodes.subarray(offset, offset + HASH_BYTES)
      }),
    async *stretch({ from, to }) {
      const within = rows.filter(({ seq }) => seq >= from && seq < to)
      for (let at = 0; at < within.length; at += width) yield pageOf(within.slice(at, at + width), columns)
    },
  }
}

function pageOf(rows: readonly SampleEntry[], columns: MemoryLedger['columns']): StretchPage {
  const subjects = rows.flatMap(({ seq, entry }): Listed[] =>
    (entryIn(entry).subject_ids ?? []).map((name) => ({ seq, name: Buffer.from(name) })),
  )
  const beside = (entry: Uint8Array): { columns?: StoredColumns } =>
    columns === undefined ? {} : { columns: columns(entryIn(entry)) }
  return { rows: rows.map((row) => ({ ...asRow(row), ...beside(row.entry) })), subjects, uses: [] }
}

function entryIn(bytes: Uint8Array): Entry {
  const parsed = parseEntry(bytes)
  if ('fault' in parsed) throw new Error(parsed.fault.problem)
  return parsed.entry
}
