// Options that several commands share, and how they are read.

import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { isServerUrl } from '../client/address.ts'
import { parseTimestamp } from '../clock/clock.ts'
import { type Place, placeOf } from '../embedded/place.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type ApplicationActions, parseActions } from '../formats/actions.ts'
import { parseVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import type { Reader } from '../ledger/reader.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { DEFAULT_LIMIT } from '../query/questions.ts'
import type { Trust } from '../verify/trust.ts'
import { readInput } from './read-input.ts'
import type { Surroundings } from './surroundings.ts'

/** A ledger that is here: in a folder, or in a database with its home here. */
export const ledgerOption = (): Option =>
  ledgerAt('folder of the ledger, or postgres://USER@HOST/DATABASE?ledger=NAME with --keys')

/** A ledger that is here, or on a server. */
export const ledgerAnywhereOption = (): Option =>
  ledgerAt(
    'folder of the ledger, postgres://USER@HOST/DATABASE?ledger=NAME with --keys, or https://HOST with AFFIDAVIT_TOKEN',
  )

function ledgerAt(places: string): Option {
  return new Option('--ledger <place>', places).env('AFFIDAVIT_LEDGER').makeOptionMandatory()
}

export const keysOption = (): Option =>
  new Option('--keys <dir>', 'with a URL: the home folder of the ledger, with its keys').env('AFFIDAVIT_KEYS')

/** Options that say where a ledger is. */
export interface LedgerOptions {
  readonly ledger: string
  readonly keys?: string
}

/** @throws LedgerError as placeOf does */
export function placeIn({ ledger, keys }: LedgerOptions): Place {
  if (isServerUrl(ledger)) throw notOnServer()
  return placeOf(ledger, keys)
}

function notOnServer(): LedgerError {
  return new LedgerError('invalid-query', {
    problem: 'this is done where the ledger is, and --ledger names a server',
    cure: 'run it beside the ledger; what a server does itself, GET /openapi.json of it lists',
    path: '--ledger',
  })
}

export const jsonOption = (): Option => new Option('--json', 'print JSON for scripts')

export const registryOption = (): Option =>
  new Option('--registry <file>', 'which tools touch which data, and who may be given it: .yaml, .yml or .json')

export const vkeyOption = (): Option =>
  new Option('--vkey <key>', 'verifier key to trust (C2SP vkey), or a file that holds it; may stand several times')
    .argParser(collect)
    .default([], 'the key that the ledger names, reported as first use')

export const anchorOption = (): Option =>
  new Option('--anchor <path>', 'checkpoints that you kept yourself: a file or folder; may stand several times')
    .argParser(collect)
    .default([], 'none')

export const approverOption = (): Option =>
  new Option(
    '--approver <key>',
    'verifier key of somebody who approves dispositions, or a file that holds it; may stand several times',
  )
    .argParser(collect)
    .default([], 'those of the access policy in the folder')

/** Options that say who reads, and why: it stands in the record about the reading. */
export function addReaderOptions(command: Command, does = 'reads'): Command {
  return command
    .option(
      '--as <person>',
      `who ${does}; stands in the record about it (default: AFFIDAVIT_ACTOR, else the user of the system)`,
      someone,
    )
    .option('--purpose <text>', 'why; stands in the record about it')
}

export interface ReaderOptions {
  readonly as?: string
  readonly purpose?: string
}

/** @throws LedgerError `invalid-query` where nobody is named, and the operating system has no name for its user */
export function readerOf({ as, purpose }: ReaderOptions, env: Surroundings['env']): Reader {
  const actor_id = as ?? (env.AFFIDAVIT_ACTOR || systemUser())
  return { actor_id, ...(purpose === undefined ? {} : { purpose }) }
}

function someone(name: string): string {
  if (name.trim() !== '') return name
  throw new InvalidArgumentError('it must name somebody')
}

// In a container the user may be a number without a name.
function systemUser(): string {
  try {
    return userInfo().username
  } catch (cause) {
    throw new LedgerError('invalid-query', {
      problem: 'it is recorded, and nobody is named who does it',
      cure: 'name the person: --as NAME, or AFFIDAVIT_ACTOR=NAME',
      path: '--as',
      cause,
    })
  }
}

/** Reads an option that may stand several times. */
export function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value]
}

/** How long the lists of an answer are at most; what there is, is counted. */
export const limitOption = (): Option =>
  new Option('--limit <n>', 'items of each list at most').argParser(wholeNumber(1)).default(DEFAULT_LIMIT)

/** A number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`it must be a whole number from ${least}`)
  }
}

/** The keys named on the command line, or first use. */
export function trustOf(vkeys: readonly string[]): Trust {
  return vkeys.length === 0 ? { kind: 'first use' } : pinned(vkeys)
}

export function pinned(vkeys: readonly string[]): Trust & { readonly kind: 'pinned' } {
  return { kind: 'pinned', keys: vkeys.map((given) => readVerifierKey('--vkey', given)) }
}

/** The key that an option names, or that lies in the file that it names. */
export function readVerifierKey(option: string, given: string): VerifierKey {
  const text = existsSync(given) ? Buffer.from(readInput(option, given)).toString('utf8').trimEnd() : given
  const key = parseVerifierKey(text)
  if (!('code' in key)) return key
  throw new LedgerError('invalid-query', {
    problem: `${option}: ${JSON.stringify(given.slice(0, 120))} is no verifier key and no file that holds one (${key.code})`,
    cure: 'it looks like clinic.example/agents/0123456789abcdef+01234567+AZ…; init and log.vkey show it',
    path: option,
  })
}

/** Options that choose records. */
export function addFilterOptions(command: Command): Command {
  return addTimeOptions(
    command
      .option('--conversation <id>', 'of one conversation')
      .option('--actor <id>', 'by who acted')
      .option('--resource-type <type>', 'by what kind of thing was touched')
      .option('--resource <id>', 'by what was touched')
      .option('--subject <id>', 'about this person')
      .option('--action <action>', 'by what was done'),
  )
}

/** Options that choose records by when they were made, or where they stand. */
export function addTimeOptions(command: Command): Command {
  return command
    .option('--from <time>', 'claimed time from (2026-11-21, or 2026-11-21T09:30:00.000Z)')
    .option('--until <time>', 'claimed time before')
    .option('--recorded-from <time>', 'recorded from')
    .option('--recorded-until <time>', 'recorded before')
    .option('--from-seq <n>', 'from this seq', wholeNumber(0))
    .option('--until-seq <n>', 'before this seq: repeats a search as of then', wholeNumber(0))
}

export interface FilterOptions {
  readonly conversation?: string
  readonly actor?: string
  readonly resourceType?: string
  readonly resource?: string
  readonly subject?: string
  readonly action?: string
  readonly from?: string
  readonly until?: string
  readonly recordedFrom?: string
  readonly recordedUntil?: string
  readonly fromSeq?: number
  readonly untilSeq?: number
}

export function filterOf(options: FilterOptions): EntryFilter {
  const filter: { [name in keyof EntryFilter]: EntryFilter[name] | undefined } = {
    conversation_id: options.conversation,
    actor_id: options.actor,
    resource_type: options.resourceType,
    resource_id: options.resource,
    subject_id: options.subject,
    action: options.action,
    from: instantOf('--from', options.from),
    until: instantOf('--until', options.until),
    recorded_from: instantOf('--recorded-from', options.recordedFrom),
    recorded_until: instantOf('--recorded-until', options.recordedUntil),
    from_seq: options.fromSeq,
    until_seq: options.untilSeq,
  }
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}

/**
 * A day means its beginning in UTC; a time may leave out what is zero.
 * @throws LedgerError `invalid-query` by the name of the option
 */
export function instantOf(option: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const whole = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00.000Z` : text.replace(/(:\d{2})Z$/, '$1.000Z')
  if (parseTimestamp(whole) !== undefined) return whole
  throw new LedgerError('invalid-query', {
    problem: `${option}: ${JSON.stringify(text)} is no day and no time`,
    cure: 'write a day, such as 2026-11-21, or a time in UTC, such as 2026-11-21T09:30:00Z',
    path: option,
  })
}

/** An application's actions from a JSON file: {"clinic.referral_sent": {"description": …, "requires": […]}}. */
export function readActions(file: string | undefined): ApplicationActions {
  if (file === undefined) return {}
  const text = Buffer.from(readInput('--actions', file)).toString('utf8')
  try {
    return parseActions(parseJson(text, PLAIN_JSON))
  } catch (cause) {
    throw new LedgerError('invalid-query', {
      problem: `--actions: ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cure: 'it holds {"clinic.referral_sent": {"description": "…", "requires": ["resource_id"]}}',
      path: '--actions',
      cause,
    })
  }
}
