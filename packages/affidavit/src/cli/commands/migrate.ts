import { type Command, Option } from 'commander'

import { placeOf } from '../../embedded/place.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { type Grantee, grantRole } from '../../stores/postgres/grants.ts'
import { type Migrated, migrate } from '../../stores/postgres/migrate.ts'
import { openPool } from '../../stores/postgres/pool.ts'
import { formatLedgerUrl, isUrl, type LedgerUrl, parseLedgerUrl } from '../../stores/postgres/url.ts'
import { collect, jsonOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly ledger: string
  readonly writer: readonly string[]
  readonly reader: readonly string[]
  readonly json?: boolean
}

interface Grant {
  readonly role: string
  readonly as: Grantee
}

export function addMigrate(program: Command, { terminal }: Surroundings): void {
  program
    .command('migrate')
    .description('Prepare a PostgreSQL database for ledgers, or bring it up to date, as the role that shall own it.')
    .addOption(
      new Option('--ledger <url>', 'postgres://OWNER@HOST/DATABASE').env('AFFIDAVIT_LEDGER').makeOptionMandatory(),
    )
    .option('--writer <role>', 'a role that servers connect as; may stand several times', collect, [])
    .option('--reader <role>', 'a role that looks and verifies; may stand several times', collect, [])
    .addOption(jsonOption())
    .action(async ({ ledger, writer, reader, json }: Options) => {
      const url = databaseOf(ledger)
      const grants: readonly Grant[] = [
        ...writer.map((role) => ({ role, as: 'writer' }) as const),
        ...reader.map((role) => ({ role, as: 'reader' }) as const),
      ]
      const migrated = await bringUp(url, grants)
      const database = formatLedgerUrl(url)
      if (json === true) terminal.out(jsonDocument({ database, ...migrated, granted: grants }))
      else terminal.out(linesOf(database, migrated, grants))
    })
}

async function bringUp(url: LedgerUrl, grants: readonly Grant[]): Promise<Migrated> {
  const pool = await openPool(url)
  try {
    const migrated = await migrate(pool)
    for (const { role, as } of grants) await grantRole(pool, role, as)
    return migrated
  } finally {
    await pool.end()
  }
}

// A database has no home of its own: the URL alone says it.
function databaseOf(ledger: string): LedgerUrl {
  const url = isUrl(ledger) ? parseLedgerUrl(ledger) : placeOf(ledger).database
  if (url !== undefined) return url
  throw new LedgerError('invalid-query', {
    problem: `${ledger} keeps its records in a file, which brings itself up to date`,
    cure: 'name the URL of a database: postgres://OWNER@HOST/DATABASE',
    path: '--ledger',
  })
}

function linesOf(database: string, { applied, version }: Migrated, grants: readonly Grant[]): string {
  const schema = applied.length === 0 ? `is at schema ${version} already` : `brought to schema ${version}`
  const granted = grants.map(({ role, as }) => `${role} may now ${MAY[as]}\n`)
  return `${database} ${schema}\n${granted.join('')}`
}

const MAY: Readonly<Record<Grantee, string>> = {
  writer: 'append and read (writer)',
  reader: 'read (reader)',
  keyring: 'use keyrings',
}
