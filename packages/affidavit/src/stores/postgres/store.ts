// LedgerStore over PostgreSQL (spec/postgres.md): any number of processes write to one ledger, and ledgers do not wait for each other.

import { toHex } from '../../bytes/hex.ts'
import { systemClock } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { type Reread, regrow } from '../../ledger/regrow.ts'
import type { LedgerStore } from '../../ledger/store.ts'
import type { Frontier } from '../../merkle/growth.ts'
import {
  insertCheckpoint,
  insertCosignature,
  selectCheckpoints,
  selectLatestCheckpoint,
  storedCheckpoint,
} from './checkpoints.ts'
import { createCommit } from './commit.ts'
import { bytesColumn, column, integerColumn, type PgResult, type Statement, textColumn } from './database.ts'
import { createGroups } from './group.ts'
import { insertPayloads } from './insert.ts'
import {
  insertChunks,
  keptBody,
  selectChunks,
  selectContentKeys,
  selectKeptBodies,
  selectLastUse,
  selectPayload,
  storedPayload,
  sweepPayloads,
} from './payloads.ts'
import { hashesOf, selectEntries, selectNodes, storedEntry } from './read.ts'
import { LEDGERS } from './schemas.ts'
import { openSession, type PoolOptions } from './session.ts'
import {
  decideMove,
  decideRemoval,
  decideReturn,
  moveReads,
  removalReads,
  returnReads,
  selectMayRemove,
} from './stubs.ts'
import { lockHead, lockHeadOf, memberOf } from './tip.ts'
import type { Attempt, Work } from './transaction.ts'

export interface PostgresStoreOptions extends PoolOptions {
  /** Whose the ledgers are that are made here; the role that the pool connects as where left out. It has to be a member. */
  readonly role?: string
}

/** Entries that are read at once to be hashed anew. */
const STRETCH = 2_000

/**
 * The store in a database that was migrated. Nothing is asked of the server before it is used.
 * @throws LedgerError by its methods: `not-a-ledger`, `newer-format`, `store-unavailable`, and what the seam says
 */
export function postgresStore(options: PostgresStoreOptions): LedgerStore {
  const session = openSession(LEDGERS, options)
  const { tracked, ask, write } = session
  const { pool, clock = systemClock } = options
  const ledgerNos = new Map<string, number>()
  const groups = createGroups(createCommit({ numberOf, ask, write, pool, clock }))

  function read<T>(
    statementOf: (ledgerNo: number) => Statement,
    ledger: string,
    answer: (rows: readonly unknown[]) => T,
  ): Promise<T> {
    return tracked(async () => answer(await ask(statementOf(await numberOf(ledger)))))
  }

  async function numberOf(ledger: string): Promise<number> {
    const known = ledgerNos.get(ledger)
    if (known !== undefined) return known
    const [row] = await ask({ text: 'SELECT ledger_no FROM affidavit.ledgers WHERE origin = $1', values: [ledger] })
    if (row === undefined) throw unknownLedger(ledger)
    const ledgerNo = integerColumn(row, 'ledger_no')
    ledgerNos.set(ledger, ledgerNo)
    return ledgerNo
  }

  /** A write under the head lock of a ledger, whose answer is the first of those that were read. */
  function writeTo<T>(
    ledger: string,
    reads: (ledgerNo: number) => readonly Statement[],
    decide: (ledgerNo: number, read: readonly PgResult[]) => { value: T; writes: readonly Statement[] },
  ): Promise<T> {
    return tracked(async () => {
      const ledgerNo = await numberOf(ledger)
      return write(() => ({
        reads: [lockHead(ledgerNo), ...reads(ledgerNo)],
        decide: (read) => decide(ledgerNo, read),
      }))
    })
  }

  return {
    async create(ledger) {
      const made = await tracked(() =>
        write(
          (): Work<string> => ({
            reads: [{ text: 'SELECT affidavit.create_ledger($1, $2) AS made', values: [ledger, options.role ?? null] }],
            decide: ([answer], attempt) => {
              const found = textColumn(answer?.rows[0], 'made')
              if (attempt === 'first') return { value: found, writes: [] }
              return { value: found === 'exists' ? 'made' : found, writes: [lockHeadOf(ledger)] }
            },
          }),
        ),
      )
      if (made !== 'made') throw ledgerExists(ledger, made)
    },

    ledgers: () =>
      tracked(async () => {
        const rows = await ask({ text: 'SELECT origin FROM affidavit.ledgers ORDER BY ledger_no' })
        return rows.map((row) => textColumn(row, 'origin'))
      }),

    commit: (batch) =>
      tracked(async () => {
        await session.connections()
        return groups.add(batch)
      }),

    head: (ledger) =>
      read(
        (ledgerNo) => selectEntries(ledgerNo, {}, { limit: 1, order: 'descending' }),
        ledger,
        ([last]) => (last === undefined ? undefined : headOf(last)),
      ),

    entries: (ledger, filter, page) =>
      read(
        (ledgerNo) => selectEntries(ledgerNo, filter, page),
        ledger,
        (rows) => rows.map(storedEntry),
      ),

    nodes: (ledger, ids) =>
      read(
        (ledgerNo) => selectNodes(ledgerNo, ids),
        ledger,
        (rows) => hashesOf(rows, ids.length),
      ),

    async regrow(ledger, from, size) {
      let grown: Frontier = from
      while (grown.size < size) {
        const to = Math.min(size, grown.size + STRETCH)
        const filter = { from_seq: grown.size, until_seq: to }
        grown = await read(
          (ledgerNo) => selectEntries(ledgerNo, filter, { limit: STRETCH, order: 'ascending' }),
          ledger,
          (rows) => regrow(grown, to, rows.map(rereadOf)),
        )
      }
      return grown
    },

    keepCheckpoint: (ledger, { size, note }) =>
      writeTo(
        ledger,
        (ledgerNo) => [selectLatestCheckpoint(ledgerNo, Number.MAX_SAFE_INTEGER)],
        (ledgerNo, [, newest]) => {
          const [row] = newest?.rows ?? []
          const kept = row === undefined ? undefined : storedCheckpoint(row)
          if (kept === undefined || kept.size < size) {
            return { value: 'kept', writes: [insertCheckpoint(ledgerNo, size, note)] }
          }
          return { value: kept.size === size && kept.note === note ? 'kept' : 'superseded', writes: [] }
        },
      ),

    // Behind the lock that every append takes: whoever cannot have it cannot commit. A transaction that locks has a number, is written to
    // the log, and waits for it as any other.
    proveCommit: (ledger) =>
      writeTo(
        ledger,
        () => [{ text: 'SELECT pg_current_xact_id()', values: [] }],
        () => ({ value: undefined, writes: [] }),
      ),

    keepCosignature: (ledger, size, line) =>
      writeTo(
        ledger,
        (ledgerNo) => [selectLatestCheckpoint(ledgerNo, size)],
        (ledgerNo, [, found]) => {
          const [row] = found?.rows ?? []
          const kept = row === undefined ? undefined : storedCheckpoint(row)
          if (kept?.size !== size) throw noCheckpoint(ledger, size)
          const isThere = kept.cosignatures.includes(line)
          const { length } = kept.cosignatures
          return { value: undefined, writes: isThere ? [] : [insertCosignature(ledgerNo, size, length, line)] }
        },
      ),

    checkpoints: (ledger, after, limit) =>
      read(
        (ledgerNo) => selectCheckpoints(ledgerNo, after, limit),
        ledger,
        (rows) => rows.map(storedCheckpoint),
      ),

    latestCheckpoint: (ledger, atMost) =>
      read(
        (ledgerNo) => selectLatestCheckpoint(ledgerNo, atMost),
        ledger,
        ([row]) => (row === undefined ? undefined : storedCheckpoint(row)),
      ),

    keepPayload: (ledger, payload) =>
      tracked(async () => {
        const ledgerNo = await numberOf(ledger)
        return write((attempt) => writing(ledgerNo, attempt, [insertPayloads(ledgerNo, [payload])]))
      }),

    keepChunks: (ledger, blob_id, from, chunks) =>
      tracked(async () => {
        const ledgerNo = await numberOf(ledger)
        return write((attempt) => writing(ledgerNo, attempt, insertChunks(ledgerNo, blob_id, from, chunks)))
      }),

    payload: (ledger, blob_id) =>
      read(
        (ledgerNo) => selectPayload(ledgerNo, blob_id),
        ledger,
        ([row]) => (row === undefined ? undefined : storedPayload(row)),
      ),

    chunks: (ledger, blob_id, from, limit) =>
      read(
        (ledgerNo) => selectChunks(ledgerNo, blob_id, from, limit),
        ledger,
        (rows) => rows.map((row) => bytesColumn(row, 'sealed')),
      ),

    keptBodies: (ledger, wanted) =>
      Promise.all(
        wanted.map((one) =>
          read(
            (ledgerNo) => selectKeptBodies(ledgerNo, one),
            ledger,
            (rows) => rows.map(keptBody),
          ),
        ),
      ),

    contentKeys: (ledger, after, limit) =>
      read(
        (ledgerNo) => selectContentKeys(ledgerNo, after, limit),
        ledger,
        (rows) =>
          rows.map((row) => ({ blob_id: textColumn(row, 'blob_id'), content_key: bytesColumn(row, 'content_key') })),
      ),

    lastUse: (ledger, blob_id) =>
      read(
        (ledgerNo) => selectLastUse(ledgerNo, blob_id),
        ledger,
        ([row]) => (row === undefined ? undefined : bytesColumn(row, 'entry')),
      ),

    sweepPayloads: (ledger, before) =>
      writeTo(
        ledger,
        (ledgerNo) => [sweepPayloads(ledgerNo, before)],
        (_, [, answer]) => ({ value: integerColumn(answer?.rows[0], 'swept'), writes: [] }),
      ),

    replaceEntries: (ledger, removal) =>
      writeTo(
        ledger,
        (ledgerNo) => removalReads(ledgerNo, removal),
        (ledgerNo, read) => decideRemoval(ledgerNo, removal, read),
      ),

    mayRemove: (ledger) =>
      read(
        () => selectMayRemove,
        ledger,
        ([row]) => column(row, 'may') === true,
      ),

    bringBack: (ledger, entries) =>
      writeTo(
        ledger,
        (ledgerNo) => returnReads(ledgerNo, entries),
        (ledgerNo, read) => decideReturn(ledgerNo, entries, read),
      ),

    moveEntries: (ledger, move) =>
      writeTo(
        ledger,
        (ledgerNo) => moveReads(ledgerNo, move),
        (ledgerNo, read) => decideMove(ledgerNo, move, read),
      ),

    close: () => session.close(),
  }
}

// Whoever settles an unknown outcome writes too, where everything is there already: only then does COMMIT wait for the standbys
// that the first one was not confirmed by. Taking a lock writes.
function writing(ledgerNo: number, attempt: Attempt, writes: readonly Statement[]): Work<undefined> {
  const all = attempt === 'again' ? [...writes, lockHead(ledgerNo)] : writes
  return { reads: [], decide: () => ({ value: undefined, writes: all }) }
}

function noCheckpoint(ledger: string, size: number): LedgerError {
  return new LedgerError('not-found', {
    problem: `${ledger} has no checkpoint of size ${size}; the cosignature was not kept`,
    cure: 'cosign a checkpoint that this ledger published',
  })
}

// Of another role's ledgers nothing is said: to this one they are not there.
function unknownLedger(ledger: string): LedgerError {
  return new LedgerError('not-a-ledger', {
    problem: `the database has no ledger ${ledger} that this role may use`,
    cure: 'check the name; affidavit migrate --writer ROLE on its URL gives a role the right to it',
  })
}

function ledgerExists(ledger: string, made: string): LedgerError {
  const problem =
    made === 'of others' ? `the name of ${ledger} belongs to another role` : `the ledger ${ledger} is there already`
  return new LedgerError('ledger-exists', { problem, cure: 'choose another name' })
}

function rereadOf(row: unknown): Reread {
  const { seq, entry, nodes } = storedEntry(row)
  return { seq, entry, nodes: toHex(nodes) }
}

function headOf(row: unknown): { size: number; recorded_at: string } {
  return { size: integerColumn(row, 'seq') + 1, recorded_at: memberOf(bytesColumn(row, 'entry'), 'recorded_at') }
}
