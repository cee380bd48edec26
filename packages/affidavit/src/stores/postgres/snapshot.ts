// A database as a verifier reads it: one instant of it, on one connection or on several; read only. What its content keeps from being
// read is an answer, and the rest can still be read.

import { column, isConnectionLost, type PgClient, type PgPool, sqlState, textColumn } from './database.ts'
import { storeError } from './errors.ts'

export interface Snapshot {
  /** The rows, as arrays, in the order of their columns. @throws what the driver says */
  rows(text: string, values?: readonly unknown[]): Promise<readonly (readonly unknown[])[]>
  /** The rows, or what the content of the database keeps from being read. */
  tryRows(
    text: string,
    values?: readonly unknown[],
  ): Promise<readonly (readonly unknown[])[] | { readonly problem: string }>
  /** Its name, for others that shall see the same instant. */
  readonly instant: string
  close(): Promise<void>
}

/** @param of an instant that another connection has open; now, where left out */
export async function openSnapshot(pool: PgPool, of?: string): Promise<Snapshot> {
  const client = await pool.connect()
  const ignore = (): void => undefined
  client.on('error', ignore)
  const release = (isUsable: boolean): void => {
    // One that is let go of may yet say why it is over.
    if (isUsable) client.off('error', ignore)
    client.release(!isUsable)
  }
  let instant: string
  try {
    await client.query({ text: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' })
    if (of !== undefined) await client.query({ text: `SET TRANSACTION SNAPSHOT '${of.replaceAll("'", '')}'` })
    instant = of ?? (await exported(client))
    await client.query({ text: `${OURS_ALONE}; SET LOCAL enable_seqscan = off; SAVEPOINT readable` })
  } catch (error) {
    release(false)
    throw storeError(error, 'verify')
  }
  return {
    instant,
    rows: (text, values) => rowsOf(client, text, values),
    async tryRows(text, values) {
      try {
        return await rowsOf(client, text, values)
      } catch (error) {
        const problem = contentProblem(error)
        if (problem === undefined) throw error
        await client.query({ text: 'ROLLBACK TO SAVEPOINT readable' })
        return { problem }
      }
    },
    async close() {
      const isUsable = await client.query({ text: 'ROLLBACK' }).then(
        () => true,
        () => false,
      )
      release(isUsable)
    },
  }
}

// Whatever the role or the database have set: no function or operator is asked that somebody put in front of PostgreSQL's own, and
// the catalog tells what it is asked in the same words.
const OURS_ALONE = 'SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL quote_all_identifiers = off'

async function exported(client: PgClient): Promise<string> {
  const { rows } = await client.query({ text: 'SELECT pg_export_snapshot() AS id' })
  return textColumn(rows[0], 'id')
}

async function rowsOf(
  client: PgClient,
  text: string,
  values: readonly unknown[] = [],
): Promise<readonly (readonly unknown[])[]> {
  const { rows } = await client.query({ text, values: [...values], rowMode: 'array' })
  return rows.map((row) => (Array.isArray(row) ? row : []))
}

/**
 * Why it cannot be read, where the content of the database is why: damaged pages, values that are no UTF-8 or no JSON, tables and
 * columns that are gone. `undefined` for the world's faults.
 */
export function contentProblem(error: unknown): string | undefined {
  const state = sqlState(error)
  if (state === undefined || isConnectionLost(error)) return undefined
  // Class 22: data exceptions; XX: internal errors, of damaged data; 42: what is named is not there, or is another thing.
  if (!/^(22|XX|42(P01|703|883|P02|804|809))/.test(state)) return undefined
  const said = column(error, 'message')
  return typeof said === 'string' ? `${said} (${state})` : state
}
