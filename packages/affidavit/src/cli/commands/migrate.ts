import { type Command, Option } from 'commander'

import { placeOf } from '../../embedded/place.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { type Grantee, grantRole, refuseUnbegun } from '../../stores/postgres/grants.ts'
import { type Migrated, migrate } from '../../stores/postgres/migrate.ts'
import { openPool } from '../../stores/postgres/pool.ts'
import { KEYRINGS, LEDGERS, type SchemaKind } from '../../stores/postgres/schemas.ts'
import { formatLedgerUrl, isUrl, type LedgerUrl, parseKeyringUrl, parseLedgerUrl } from '../../stores/postgres/url.ts'
import { collect, jsonOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly ledger?: string
  readonly keyring?: string
  readonly writer: readonly string[]
  readonly retention: readonly string[]
  readonly reader: readonly string[]
  readonly server: readonly string[]
  readonly keyringOf: readonly string[]
  readonly json?: boolean
}

interface Grant {
  readonly role: string
  readonly as: Grantee
  /** NAMEs whose keyrings are others', and this role's too from now on. */
  readonly keyrings?: readonly string[]
}

/** A database to be prepared for ledgers or for keyrings. */
interface Task {
  readonly url: LedgerUrl
  readonly kind: SchemaKind
  readonly grants: readonly Grant[]
}

interface Done extends Migrated {
  readonly database: string
  readonly granted: readonly Grant[]
}

export function addMigrate(program: Command, { terminal }: Surroundings): void {
  program
    .command('migrate')
    .description(
      'Prepare PostgreSQL databases for ledgers, for keyrings or for both, or bring them up to date, as the role that shall own them.',
    )
    .addOption(new Option('--ledger <url>', 'for ledgers: postgres://OWNER@HOST/DATABASE').env('AFFIDAVIT_LEDGER'))
    .option('--writer <role>', 'with --ledger: a role that servers connect as; may stand several times', collect, [])
    .option(
      '--retention <role>',
      'with --ledger: a role that also lets records leave, as policies and holds allow; may stand several times',
      collect,
      [],
    )
    .option('--reader <role>', 'with --ledger: a role that looks and verifies; may stand several times', collect, [])
    .addOption(
      new Option(
        '--keyring <url>',
        'for keyrings, best on another server: postgres://OWNER@HOST/DATABASE; one of --ledger and --keyring must stand',
      ).env('AFFIDAVIT_KEYRING'),
    )
    .option('--server <role>', 'with --keyring: a role that servers connect as; may stand several times', collect, [])
    .option(
      '--keyring-of <name>',
      'with --server: the roles may also use the keyring of this NAME, which others began; may stand several times',
      collect,
      [],
    )
    .addOption(jsonOption())
    .action(async (options: Options, command: Command) => {
      const { ledger, keyring } = tasksOf(options, command)
      const ofLedgers = ledger === undefined ? undefined : await bringUp(ledger)
      const ofKeyrings = keyring === undefined ? undefined : await bringUp(keyring)
      if (options.json === true) terminal.out(jsonDocument({ ...ofLedgers, keyring: ofKeyrings }))
      else for (const done of [ofLedgers, ofKeyrings]) if (done !== undefined) terminal.out(linesOf(done))
    })
}

// All that was said is read before anything is changed.
function tasksOf(options: Options, command: Command): { readonly ledger?: Task; readonly keyring?: Task } {
  const { ledger, keyring } = named(options, command)
  const { writer, retention, reader, server, keyringOf } = options
  if (ledger === undefined && keyring === undefined)
    throw usage('migrate needs a database', 'name it: --ledger URL for ledgers, --keyring URL for keyrings, or both')
  if (ledger === undefined && writer.length + retention.length + reader.length > 0)
    throw usage('--writer, --retention and --reader say nothing without --ledger', 'for a keyring say --server ROLE')
  if (keyring === undefined && server.length > 0)
    throw usage('--server says nothing without --keyring', 'for ledgers say --writer ROLE')
  if (server.length === 0 && keyringOf.length > 0)
    throw usage('--keyring-of says nothing without --server', 'name the role that may use it: --server ROLE')
  return {
    ...(ledger === undefined
      ? {}
      : {
          ledger: {
            url: databaseOf(ledger),
            kind: LEDGERS,
            grants: [...grantsTo(writer, 'writer'), ...grantsTo(retention, 'retention'), ...grantsTo(reader, 'reader')],
          },
        }),
    ...(keyring === undefined
      ? {}
      : { keyring: { url: parseKeyringUrl(keyring), kind: KEYRINGS, grants: sharing(server, keyringOf) } }),
  }
}

// What the environment names for servers is prepared where the command line names nothing.
function named({ ledger, keyring }: Options, command: Command): Pick<Options, 'ledger' | 'keyring'> {
  const said = { ledger, keyring }
  const names = ['ledger', 'keyring'] as const
  const here = names.filter((name) => command.getOptionValueSource(name) === 'cli')
  const counting = (here.length === 0 ? names : here).filter((name) => said[name] !== undefined)
  return Object.fromEntries(counting.map((name) => [name, said[name]]))
}

function grantsTo(roles: readonly string[], as: Grantee): readonly Grant[] {
  return roles.map((role) => ({ role, as }))
}

function sharing(roles: readonly string[], keyrings: readonly string[]): readonly Grant[] {
  const grants = grantsTo(roles, 'keyring')
  return keyrings.length === 0 ? grants : grants.map((grant) => ({ ...grant, keyrings }))
}

async function bringUp({ url, kind, grants }: Task): Promise<Done> {
  const pool = await openPool(url)
  try {
    const migrated = await migrate(pool, kind)
    const shared = grants.flatMap(({ keyrings = [] }) => keyrings)
    if (shared.length > 0) await refuseUnbegun(pool, shared)
    for (const { role, as, keyrings = [] } of grants) {
      await grantRole(pool, role, as)
      for (const name of keyrings) await grantRole(pool, role, as, name)
    }
    return { database: formatLedgerUrl(url), ...migrated, granted: grants }
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

function linesOf({ database, applied, version, granted }: Done): string {
  const schema = applied.length === 0 ? `is at schema ${version} already` : `brought to schema ${version}`
  const lines = granted.map(({ role, as, keyrings = [] }) =>
    [`${role} may now ${MAY[as]}\n`, ...keyrings.map((name) => `${role} may now use the keyring of ${name}\n`)].join(
      '',
    ),
  )
  return `${database} ${schema}\n${lines.join('')}`
}

const MAY: Readonly<Record<Grantee, string>> = {
  writer: 'append and read (writer)',
  retention: 'append and read, and let records leave (retention)',
  reader: 'read (reader)',
  keyring: 'make and use keyrings (server)',
}

function usage(problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem, cure })
}
