// Large ledgers in PostgreSQL: what is measured of those in SQLite, by the same code.

import type { Context } from './context.ts'
import { ledgersIn, onPostgres } from './postgres-ledgers.ts'
import { measureProve } from './prove.ts'
import type { Row } from './report.ts'
import { measureScale } from './scale.ts'
import { measureVerify } from './verify.ts'

export function measurePostgresLarge(context: Context): Promise<Row[]> {
  return onPostgres(async (server) => {
    const inPostgres = { ...context, ledgers: ledgersIn(server, context.ledgers) }
    const rows: Row[] = []
    // The last one appends to the ledgers that it measures on.
    for (const measure of [measureVerify, measureProve, measureScale]) rows.push(...(await measure(inPostgres)))
    return rows.map((row) => ({ ...row, what: `PostgreSQL: ${row.what}` }))
  })
}
