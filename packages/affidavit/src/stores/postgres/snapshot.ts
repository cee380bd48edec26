// A database as a verifier reads it: one instant of it, on one connection or on several; read only. What its content keeps from being
// read is an answer, and the rest can still be read.

import {
  column,
  inOneGo,
  isConnectionLost,
  type PgClient,
  type PgPool,
  run,
  type Statement,
  sqlState,
  textColumn,
} from './database.ts'
import { storeError } from './errors.ts'

/** In the order of the columns. */
export type Rows = readonly (readonly unknown[])[]

export interface Problem {
  readonly problem: string
}

export interface Question {
  readonly text: string
  readonly values?: readonly unknown[]
}

/** Whatever is asked is asked in turn: nothing that is read fails because of another question. */
export interface Snapshot {
  /** @throws what the driver says */
  rows(text: string, values?: readonly unknown[]): Promise<Rows>
  /** The rows, or what the content of the database keeps from being read. */
  tryRows(text: string, values?: readonly unknown[]): Promise<Rows | Problem>
  /** The same of several questions, which are sent together. */
  tryAll(questions: readonly Question[]): Promise<readonly (Rows | Problem)[]>
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
  let turn: Promise<unknown> = Promise.resolve()
  function inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const asked = turn.then(ask)
    turn = asked.catch(() => undefined)
    return asked
  }

  async function tryOne(question: Question): Promise<Rows | Problem> {
    try {
      return await ask(client, question)
    } catch (error) {
      return { problem: await recover(error) }
    }
  }

  async function recover(error: unknown): Promise<string> {
    const problem = contentProblem(error)
    if (problem === undefined) throw error
    await client.query({ text: 'ROLLBACK TO SAVEPOINT readable' })
    return problem
  }

  async function tryTogether(questions: readonly Question[]): Promise<readonly (Rows | Problem)[]> {
    try {
      const answers = await inOneGo(client, questions.map(inArrays))
      return answers.map(({ rows }) => arraysOf(rows))
    } catch (error) {
      await recover(error)
    }
    // The one that failed has failed those behind it.
    const answers: (Rows | Problem)[] = []
    for (const question of questions) answers.push(await tryOne(question))
    return answers
  }

  return {
    instant,
    rows: (text, values) => inTurn(() => ask(client, { text, ...(values && { values }) })),
    tryRows: (text, values) => inTurn(() => tryOne({ text, ...(values && { values }) })),
    tryAll: (questions) => inTurn(() => tryTogether(questions)),
    async close() {
      const isUsable = await inTurn(() => client.query({ text: 'ROLLBACK' })).then(
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

async function ask(client: PgClient, question: Question): Promise<Rows> {
  return arraysOf((await run(client, inArrays(question))).rows)
}

function inArrays(question: Question): Statement {
  return { ...question, rowMode: 'array' }
}

function arraysOf(rows: readonly unknown[]): Rows {
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
