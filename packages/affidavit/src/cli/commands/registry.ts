import { type Command, Option } from 'commander'

import { type Place, placeOf } from '../../embedded/place.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import type { Reader } from '../../ledger/reader.ts'
import { checkRegistry, type Kind, type Remark } from '../../registry/check.ts'
import type { Registry } from '../../registry/registry.ts'
import { createSeenNames, recordedKinds, type SeenFinding, type SeenNames } from '../../registry/seen.ts'
import { EXIT } from '../exit-codes.ts'
import { openToRead } from '../open-records.ts'
import { addReaderOptions, jsonOption, keysOption, type ReaderOptions, readerOf } from '../options.ts'
import { count, counted, jsonDocument, printable, type Terminal } from '../output.ts'
import { readRegistry } from '../read-registry.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends ReaderOptions {
  readonly ledger?: string
  readonly keys?: string
  readonly json?: boolean
}

/** What checking came to; `seen` is absent where no ledger was named. */
interface Result {
  readonly file: string
  readonly registry: Registry
  readonly seen: SeenNames | undefined
  /** Tools and sources, whose data is restricted until the registry says what it is, and recipients. */
  readonly unknown: readonly Remark[]
  /** Agents that have the floor of everybody. */
  readonly without_floor: readonly Remark[]
  readonly unused: readonly Remark[]
  readonly without_agreement: readonly Remark[]
}

export function addRegistry(program: Command, { terminal, exit, env }: Surroundings): void {
  const registry = program.command('registry').description('The registry: what tools touch, and who may receive it.')
  const check = registry
    .command('check')
    .description('Check a registry file, and whether it knows what a ledger has seen. Reading a ledger is recorded.')
    .argument('<file>', 'the registry: .yaml, .yml or .json')
    .addOption(
      new Option('--ledger <place>', 'a ledger whose tools, agents and recipients it should know').env(
        'AFFIDAVIT_LEDGER',
      ),
    )
    .addOption(keysOption())
  addReaderOptions(check)
    .addOption(jsonOption())
    .action(async (file: string, options: Options) => {
      const registry = readRegistry('file', file)
      const { ledger, keys } = options
      const place = ledger === undefined ? undefined : placeOf(ledger, keys)
      if (place === undefined) refuseReader(options)
      const seen = place === undefined ? undefined : await namesIn(place, registry, readerOf(options, env), terminal)
      const result = compare(file, registry, seen)
      terminal.endProgress()
      if (options.json === true) terminal.out(jsonDocument(documentOf(result)))
      else print(result, terminal)
      exit(isInOrder(result) ? EXIT.ok : EXIT.notVerified)
    })
}

// A file is read by nobody in particular: an option that would be ignored is refused.
function refuseReader({ as, purpose }: Options): void {
  const path = as === undefined ? '--purpose' : '--as'
  if (as === undefined && purpose === undefined) return
  throw new LedgerError('invalid-query', {
    problem: `${path} is about reading a ledger, and none is named`,
    cure: 'name it with --ledger DIR, or leave this out',
    path,
  })
}

function isInOrder({ unknown, seen }: Result): boolean {
  return unknown.length === 0 && (seen === undefined || seen.findings.length === 0)
}

function compare(file: string, registry: Registry, seen: SeenNames | undefined): Result {
  const names = { tools: [], sources: [], agents: [], channels: [], recipients: [] }
  const checked = checkRegistry(registry, {
    ...names,
    tools: [...(seen?.tools ?? [])],
    agents: [...(seen?.agents ?? [])],
    recipients: saysRecipients(registry) ? [...(seen?.recipients ?? [])] : [],
  })
  const recorded: readonly Kind[] = seen === undefined ? [] : recordedKinds(seen)
  return {
    file,
    registry,
    seen,
    unknown: checked.unknown.filter(({ kind }) => kind !== 'agents'),
    without_floor: checked.unknown.filter(({ kind }) => kind === 'agents'),
    without_agreement: checked.without_agreement,
    unused: checked.unused.filter(({ kind }) => recorded.includes(kind)),
  }
}

// Where a registry says nothing of recipients, none is unknown to it.
function saysRecipients({ recipients, unknown_recipients }: Registry): boolean {
  return recipients.all.length > 0 || unknown_recipients !== undefined
}

// Every record is looked at, and few are told of: the record of this reading lists those.
async function namesIn(place: Place, registry: Registry, reader: Reader, terminal: Terminal): Promise<SeenNames> {
  await using ledger = await openToRead(place)
  const until_seq = (await ledger.health()).size
  const seen = createSeenNames(registry)
  let read = 0
  for await (const record of ledger.search({ until_seq })) {
    seen.add(record)
    read++
    if (read % 10_000 === 0) terminal.progress(`  read ${count(read)} of ${count(until_seq)} records`)
  }
  const names = seen.names()
  await ledger.as(reader).recorded('search', {
    action: 'records_viewed',
    operation: 'registry check',
    details: { as_of_seq: until_seq - 1, registry_digest: registry.digest },
    results: [...names.findings, ...names.allowed_since, ...names.refused].map(({ first_seq }) => first_seq),
  })
  return names
}

function documentOf(result: Result): object {
  const { registry, seen, unknown, without_floor, unused, without_agreement } = result
  const { revision, digest } = registry
  const against =
    seen === undefined
      ? {}
      : {
          tools_seen: seen.tools.size,
          agents_seen: seen.agents.size,
          recipients_seen: seen.recipients.size,
          records_without_tool_name: seen.unnamed,
          recipient_findings: seen.findings,
          recipient_findings_allowed_since: seen.allowed_since,
          recipient_refusals: seen.refused,
        }
  const told = { unknown, without_floor, unused, without_agreement }
  return { ok: isInOrder(result), revision, digest, ...against, ...told }
}

function print(
  { file, registry, seen, unknown, without_floor, unused, without_agreement }: Result,
  terminal: Terminal,
): void {
  const { revision, digest, tools, sources, recipients } = registry
  const has = [
    counted(tools.all.length, 'tool'),
    counted(sources.all.length, 'source'),
    counted(recipients.all.length, 'recipient'),
  ]
  terminal.out(`${printable(file)}: revision ${revision}, ${has.join(', ')}\n  digest ${digest}\n`)
  const line = (mark: string, { kind, name }: Remark, says: string): void => {
    terminal.out(`  ${mark} ${KIND_NAMES[kind]} ${printable(JSON.stringify(name))} ${says}\n`)
  }
  for (const remark of unknown) line(terminal.style('red', '✗'), remark, 'was seen, and is not registered')
  const found = (mark: string, { code, recipient, records, first_seq }: SeenFinding, says: string): void => {
    const whom = `recipient ${printable(JSON.stringify(recipient))}`
    const where = `${counted(records, 'record')}, the first at seq ${count(first_seq)}`
    terminal.out(`  ${mark} ${whom}: ${printable(code)}, ${where}${says}\n`)
  }
  for (const finding of seen?.findings ?? []) found(terminal.style('red', '✗'), finding, '')
  for (const finding of seen?.allowed_since ?? [])
    found(terminal.style('yellow', '!'), finding, '; by this registry it may be given')
  for (const finding of seen?.refused ?? [])
    found(terminal.style('yellow', '!'), finding, '; it was refused, and nothing was given')
  for (const remark of without_floor)
    line(terminal.style('yellow', '!'), remark, 'was seen, and has no floor of its own')
  for (const remark of unused) line(terminal.style('yellow', '!'), remark, 'is registered, and was not seen')
  for (const remark of without_agreement)
    line(terminal.style('yellow', '!'), remark, 'may receive data, without an agreement')
  if (seen === undefined) terminal.err('the file is in order; --ledger DIR compares it with what was seen\n')
  else if (unknown.length === 0)
    terminal.err(
      `it knows the ${counted(seen.tools.size, 'tool')}, ${counted(seen.agents.size, 'agent')} and ${counted(seen.recipients.size, 'recipient')} of the ledger\n`,
    )
  if ((seen?.unnamed ?? 0) > 0)
    terminal.err(`${counted(seen?.unnamed ?? 0, 'record')} tell a tool by its digest alone\n`)
}

const KIND_NAMES: Readonly<Record<Kind, string>> = {
  tools: 'tool',
  sources: 'source',
  agents: 'agent',
  channels: 'channel',
  recipients: 'recipient',
}
