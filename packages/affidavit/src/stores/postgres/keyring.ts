// KeyringStore over PostgreSQL (spec/vault.md §9): any number of processes use one keyring, in a database of its own or beside others.
// Everything that writes is a function of the database, which looks first.

import { LedgerError } from '../../errors/ledger-error.ts'
import {
  type KeyringHead,
  type KeyringRow,
  type KeyringStore,
  type NumberedRow,
  ROW_KINDS,
  type Superseded,
} from '../../vault/keyring-store.ts'
import {
  bytesColumn,
  column,
  integerColumn,
  type PgResult,
  type Statement,
  sqlState,
  textColumn,
  textsColumn,
} from './database.ts'
import { storeError } from './errors.ts'
import { KEYRINGS } from './schemas.ts'
import { openSession, type PoolOptions } from './session.ts'
import type { Work } from './transaction.ts'

export interface PostgresKeyringOptions extends PoolOptions {
  /** The NAME of the ledger, without its incarnation. */
  readonly name: string
}

/**
 * The keyring of that name in a database that was migrated. Nothing is asked of the server before it is used. A write whose
 * outcome nobody told is done again, and each may be.
 * @throws LedgerError by its methods: `not-a-ledger` (no keyrings there, or the name is somebody else's), `newer-format`,
 *   `store-unavailable`, `store-corrupt`, `unsupported-file-system`, `ledger-closed`
 */
export function postgresKeyringStore({ name, ...options }: PostgresKeyringOptions): KeyringStore {
  const session = openSession(KEYRINGS, options)

  function read<T>(statement: Statement, answer: (rows: readonly unknown[]) => T): Promise<T> {
    return session.tracked(async () => answer(await session.ask(statement)))
  }

  // What is asked behind the lock of the head answers for the moment of the commit. A turn-over that happened later than the same was
  // done again would bring a generation into force whose key is destroyed: it holds the lock before COMMIT is sent.
  function write<T>(
    reads: readonly Statement[],
    answer: (answers: readonly PgResult[]) => T,
    sent: 'at once' | 'behind the lock' = 'at once',
  ): Promise<T> {
    const work = (): Work<T> => ({
      reads,
      ...(sent === 'at once' ? { sent } : {}),
      decide: (answers) => ({ value: answer(answers), writes: [] }),
    })
    return session.tracked(async () => {
      try {
        return await session.write(work)
      } catch (error) {
        throw unwritten(error, name)
      }
    })
  }

  return {
    head: () => read(selectHead(name), ([row]) => (row === undefined ? undefined : storedHead(row))),

    begin: (head) =>
      write([beginKeyring(name, head), selectHead(name)], ([begun, standing]) => {
        if (textColumn(begun?.rows[0], 'begun') === 'of others') throw ofOthers(name)
        return storedHead(standing?.rows[0])
      }),

    find: (generation, lookups) => read(selectRows('lookup', name, generation, lookups), rowsInForce),

    byKeys: (generation, keys) => read(selectRows('key', name, generation, keys), rowsInForce),

    byOwner: (generation, owner) => read(selectRows('owner', name, generation, [owner]), rowsInForce),

    async add(generation, rows) {
      const lookups = rows.map(({ lookup }) => lookup)
      const inForce = await write(
        [putRows(name, generation, null, rows), selectRows('lookup', name, generation, lookups)],
        ([, found]) => rowsInForce(found?.rows ?? []),
      )
      if (inForce === 'superseded') return inForce
      const byLookup = new Map(inForce.map((row) => [row.lookup, row]))
      return lookups.flatMap((lookup) => byLookup.get(lookup) ?? [])
    },

    page: (generation, after, limit) => read(selectPage(name, generation, after, limit), pageInForce),

    stage: (generation, stage, rows) =>
      write([putRows(name, generation, stage, rows)], ([put]) =>
        textColumn(put?.rows[0], 'put') === 'superseded' ? 'superseded' : 'staged',
      ),

    async turnOver(turn) {
      const turned = ([answer]: readonly PgResult[]) => outcomeOf(textColumn(answer?.rows[0], 'turned'))
      const outcome = await write([turnOver(name, turn)], turned, 'behind the lock')
      if (outcome === 'turned over') while ((await write([clearRows(name)], clearedRows)) > 0);
      return outcome
    },

    settle: () => write([{ text: 'SELECT affidavit_keyring.settle($1)', values: [name] }], () => undefined),

    forget: (version) =>
      write([{ text: 'SELECT affidavit_keyring.forget_version($1, $2)', values: [name, version] }], () => undefined),

    close: () => session.close(),
  }
}

function selectHead(name: string): Statement {
  return {
    name: 'affidavit keyring head',
    text: `SELECT k.generation, k.kek_version, k.wrapped_key, ARRAY(SELECT r.kek_version FROM affidavit_keyring.retired r
        WHERE r.name = k.name ORDER BY r.kek_version) AS retired
      FROM affidavit_keyring.keyrings k WHERE k.name = $1`,
    values: [name],
  }
}

function storedHead(row: unknown): KeyringHead {
  return {
    generation: integerColumn(row, 'generation'),
    kek_version: textColumn(row, 'kek_version'),
    wrapped_key: copied(bytesColumn(row, 'wrapped_key')),
    retired: textsColumn(row, 'retired'),
  }
}

// The driver gives parts of what the socket gave it, which a row that is kept would keep with it.
function copied(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}

const ROW = 'r.kind, r.key, r.lookup, r.owner, r.sealed'

// Generation and rows are of one moment: no row at all says that another generation is in force.
function selectRows(
  by: 'lookup' | 'key' | 'owner',
  name: string,
  generation: number,
  values: readonly string[],
): Statement {
  return {
    name: `affidavit keyring by ${by}`,
    text: `SELECT ${ROW} FROM affidavit_keyring.keyrings k
      LEFT JOIN affidavit_keyring.rows r ON r.name = k.name AND r.stage = k.stage AND r.${by} = ANY($3::text[])
      WHERE k.name = $1 AND k.generation = $2`,
    values: [name, generation, values],
  }
}

function rowsInForce(rows: readonly unknown[]): readonly KeyringRow[] | Superseded {
  return rows.length === 0 ? 'superseded' : rows.filter(isThere).map(storedRow)
}

function selectPage(name: string, generation: number, after: number, limit: number): Statement {
  return {
    name: 'affidavit keyring page',
    text: `SELECT r.row_no, ${ROW} FROM affidavit_keyring.keyrings k LEFT JOIN LATERAL (
        SELECT * FROM affidavit_keyring.rows p WHERE p.name = k.name AND p.stage = k.stage AND p.row_no > $3
        ORDER BY p.row_no LIMIT $4) r ON true
      WHERE k.name = $1 AND k.generation = $2 ORDER BY r.row_no`,
    values: [name, generation, after, limit],
  }
}

function pageInForce(rows: readonly unknown[]): readonly NumberedRow[] | Superseded {
  if (rows.length === 0) return 'superseded'
  return rows.filter(isThere).map((row) => ({ no: integerColumn(row, 'row_no'), row: storedRow(row) }))
}

// Of a keyring without such a row there is its head alone.
function isThere(row: unknown): boolean {
  return column(row, 'key') !== null
}

function storedRow(row: unknown): KeyringRow {
  const kind = textColumn(row, 'kind')
  return {
    // What is of no kind that we know opens as none.
    kind: ROW_KINDS.find((one) => one === kind) ?? 'identity',
    key: textColumn(row, 'key'),
    lookup: textColumn(row, 'lookup'),
    owner: textColumn(row, 'owner'),
    sealed: copied(bytesColumn(row, 'sealed')),
  }
}

function beginKeyring(name: string, { generation, kek_version, wrapped_key, retired }: KeyringHead): Statement {
  return {
    text: 'SELECT affidavit_keyring.begin_keyring($1, $2, $3, $4, $5) AS begun',
    values: [name, generation, kek_version, wrapped_key, retired],
  }
}

/** @param stage `null`: among those in force */
function putRows(name: string, generation: number, stage: number | null, rows: readonly KeyringRow[]): Statement {
  return {
    name: 'affidavit keyring put',
    text: 'SELECT affidavit_keyring.put_rows($1, $2, $3, $4, $5, $6, $7, $8) AS put',
    values: [
      name,
      generation,
      stage,
      rows.map(({ kind }) => kind),
      rows.map(({ key }) => key),
      rows.map(({ lookup }) => lookup),
      rows.map(({ owner }) => owner),
      rows.map(({ sealed }) => sealed),
    ],
  }
}

function turnOver(name: string, { from, upTo, stage, head }: Parameters<KeyringStore['turnOver']>[0]): Statement {
  return {
    text: 'SELECT affidavit_keyring.turn_over($1, $2, $3, $4, $5, $6, $7, $8) AS turned',
    values: [name, from, upTo, stage, head.generation, head.kek_version, head.wrapped_key, head.retired],
  }
}

function outcomeOf(turned: string): 'turned over' | 'more' | Superseded {
  return turned === 'turned over' || turned === 'more' ? turned : 'superseded'
}

function clearRows(name: string): Statement {
  return { text: 'SELECT affidavit_keyring.clear_rows($1) AS cleared', values: [name] }
}

function clearedRows([answer]: readonly PgResult[]): number {
  return integerColumn(answer?.rows[0], 'cleared')
}

// A keyring records nothing: what it says of a failed write is that it may be done again.
function unwritten(error: unknown, name: string): unknown {
  if (!(error instanceof LedgerError) || (error.code !== 'not-committed' && error.code !== 'outcome-unknown'))
    return error
  return sqlState(error.cause) === 'AF002' ? ofOthers(name) : storeError(error.cause, 'write to the keyring')
}

function ofOthers(name: string): LedgerError {
  return new LedgerError('not-a-ledger', {
    problem: `the database has no keyring ${name} that this role may use`,
    cure: 'check name and role: a keyring belongs to the role that made it, and to its members',
  })
}
