import { type Command, Option } from 'commander'

import { type ApiKey, isLiving } from '../../access/api-key.ts'
import { API_ROLE_NAMES, type ApiRole } from '../../access/api-roles.ts'
import { formatTimestamp, systemClock } from '../../clock/clock.ts'
import { readApiKeys } from '../../embedded/api-keys.ts'
import { createApiKey, type KeyTerms, revokeApiKey } from '../../embedded/change-api-keys.ts'
import { holdsLedger, noLedger } from '../../embedded/folder.ts'
import { openFolder } from '../../embedded/open.ts'
import { inOptions } from '../in-options.ts'
import {
  addReaderOptions,
  collect,
  instantOf,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  type ReaderOptions,
  readerOf,
} from '../options.ts'
import { counted, jsonDocument, printable, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions {
  readonly json?: boolean
}

interface CreateOptions extends Options, ReaderOptions {
  readonly role: ApiRole
  readonly actor?: string
  readonly expires?: string
  readonly agent: readonly string[]
  readonly from?: string
  readonly until?: string
}

export function addKeys(program: Command, surroundings: Surroundings): void {
  const keys = program.command('keys').description('The API keys by which a server lets people and agents in.')
  addCreate(keys, surroundings)
  addList(keys, surroundings)
  addRevoke(keys, surroundings)
}

function addCreate(keys: Command, { terminal, env }: Surroundings): void {
  const command = keys
    .command('create')
    .description('Make an API key, and show it once. That is recorded; a server knows it at its next request.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .addOption(new Option('--role <role>', 'what it may do').choices(API_ROLE_NAMES).makeOptionMandatory())
    .option('--actor <name>', 'who stands in records about what is done with it (default: key:ID)')
    .option('--expires <time>', 'until when it opens anything (2026-12-31, or 2026-12-31T18:00:00Z)')
    .option('--agent <name>', 'of this agent alone; may stand several times', collect, [])
    .option('--from <time>', 'for a reader or auditor: records from this claimed time on')
    .option('--until <time>', 'for a reader or auditor: records before this claimed time')
  addReaderOptions(command, 'makes it')
    .addOption(jsonOption())
    .action(async (options: CreateOptions) => {
      const by = readerOf(options, env)
      const place = placeIn(options)
      await using ledger = await openFolder(place)
      const { key, ...made } = await inOptions(OPTIONS, () =>
        createApiKey({ ledger, home: place.home, by }, termsOf(options)),
      )
      if (options.json === true) {
        terminal.out(jsonDocument({ ...made, key }))
        return
      }
      terminal.out(`${key}\n`)
      terminal.err(`
  The key above is shown this once, and kept nowhere. It is ${made.id}, of the role ${made.role}; records name ${printable(made.actor)}.
  Send it as Authorization: Bearer KEY.
`)
    })
}

const OPTIONS = {
  actor: '--actor',
  expires: '--expires',
  until: '--until',
  'scope.from': '--from',
  'scope.until': '--until',
  'scope.agents': '--agent',
}

function termsOf({ role, actor, agent, ...options }: CreateOptions): KeyTerms {
  const [expires, from, until] = (['expires', 'from', 'until'] as const).map((name) => {
    return instantOf(`--${name}`, options[name])
  })
  const scope = {
    ...(agent.length === 0 ? {} : { agents: [...new Set(agent)] }),
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
  }
  return {
    role,
    ...(actor === undefined ? {} : { actor }),
    ...(expires === undefined ? {} : { expires }),
    ...(Object.keys(scope).length === 0 ? {} : { scope }),
  }
}

function addList(keys: Command, { terminal }: Surroundings): void {
  keys
    .command('list')
    .description('List API keys: what each is for, and until when; no key. Nothing is recorded.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .addOption(jsonOption())
    .action((options: Options) => {
      const { home } = placeIn(options)
      if (!holdsLedger(home)) throw noLedger(home)
      const found = readApiKeys(home).map(listed)
      if (options.json === true) {
        terminal.out(jsonDocument({ keys: found }))
        return
      }
      const rows = found.map(({ id, state, role, actor, expires = '' }) => [id, state, role, printable(actor), expires])
      terminal.out(table(rows, terminal.width))
      terminal.err(`${counted(found.length, 'key')}\n`)
    })
}

type Listed = Omit<ApiKey, 'sha256'> & { readonly state: 'living' | 'expired' | 'revoked' }

function listed({ sha256: _, ...key }: ApiKey): Listed {
  const isOver = !isLiving(key, formatTimestamp(systemClock.now()))
  return { ...key, state: key.revoked !== undefined ? 'revoked' : isOver ? 'expired' : 'living' }
}

function addRevoke(keys: Command, { terminal, env }: Surroundings): void {
  const command = keys
    .command('revoke')
    .description('Revoke an API key: from now on it opens nothing. That is recorded.')
    .argument('<id>', 'the id of the key, as keys list shows it')
    .addOption(ledgerOption())
    .addOption(keysOption())
  addReaderOptions(command, 'revokes it')
    .addOption(jsonOption())
    .action(async (id: string, options: Options & ReaderOptions) => {
      const by = readerOf(options, env)
      const place = placeIn(options)
      await using ledger = await openFolder(place)
      const key = listed(await revokeApiKey({ ledger, home: place.home, by }, id))
      if (options.json === true) terminal.out(jsonDocument(key))
      else terminal.err(`The key ${key.id} opens nothing any more.\n`)
    })
}
