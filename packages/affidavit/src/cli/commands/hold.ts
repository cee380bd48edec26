import { type Command, Option } from 'commander'

import { expectAccess } from '../../embedded/access.ts'
import { createLedgerHolds } from '../../embedded/holds.ts'
import { openFolder } from '../../embedded/open.ts'
import type { Place } from '../../embedded/place.ts'
import type { HoldRequest } from '../../ledger/hold.ts'
import type { HoldFound } from '../../query/holds.ts'
import { questionsOf } from '../../query/questions.ts'
import { secondOf, shortened } from '../describe.ts'
import { linesOfRelease } from '../describe-release.ts'
import { inOptions } from '../in-options.ts'
import { type NewFile, refuseTaken, writeNewFile } from '../new-file.ts'
import { openToRead } from '../open-records.ts'
import {
  addReaderOptions,
  instantOf,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  type ReaderOptions,
  readerOf,
} from '../options.ts'
import { count, counted, jsonDocument, printable, type Terminal, table } from '../output.ts'
import { readInput } from '../read-input.ts'
import type { Surroundings } from '../surroundings.ts'

interface Common extends LedgerOptions, ReaderOptions {
  readonly json?: boolean
}

interface PlaceOptions extends Common {
  readonly matter: string
  readonly custodian: string
  readonly reason: string
  readonly conversation?: string
  readonly subject?: string
  readonly actor?: string
  readonly agent?: string
  readonly resourceType?: string
  readonly resourceId?: string
  readonly from?: string
  readonly until?: string
  readonly everything?: boolean
}

interface ListOptions extends Common {
  readonly matter?: string
  readonly at?: string
}

interface ReleasePlanOptions extends Common {
  readonly reason: string
  readonly out: string
}

interface ReleaseRunOptions extends Common {
  readonly approval: string
}

export function addHold(program: Command, surroundings: Surroundings): void {
  const hold = program
    .command('hold')
    .description('Legal holds: what they bind is not erased, removed or disposed of, whatever the policies say.')
  addPlace(hold, surroundings)
  addList(hold, surroundings)
  const release = hold
    .command('release')
    .description('Release a hold: write the release down, have somebody else approve it, run it.')
  addReleasePlan(release, surroundings)
  addReleaseRun(release, surroundings)
}

function addPlace(hold: Command, { terminal, env }: Surroundings): void {
  const command = hold
    .command('place')
    .description('Place a hold. It binds at once what fits all that is given, also what is recorded later.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .requiredOption('--matter <text>', 'for which matter, such as its docket number: stands in the record in the clear')
    .requiredOption('--custodian <person>', 'who answers for it')
    .requiredOption('--reason <text>', 'why: stands in the record in the clear, and nothing in it should tell who')
    .option('--conversation <id>', 'records of this conversation')
    .option('--subject <id>', 'records about this person, by their own id or their token')
    .option('--actor <id>', 'what was done by this actor, or in their name')
    .option('--agent <name>', 'what was done by this agent')
    .option('--resource-type <type>', 'what touched this kind of thing')
    .option('--resource-id <id>', 'what touched this thing, with --resource-type')
    .option('--from <time>', 'what happened, or was recorded, from (2026-11-21, or 2026-11-21T09:30:00.000Z)')
    .option('--until <time>', 'and before')
    .option('--everything', 'every record of this ledger')
  addReaderOptions(command, 'places it')
    .addOption(jsonOption())
    .action(async (options: PlaceOptions) => {
      const place = placeIn(options)
      expectAccess(place)
      await using ledger = await openFolder(place)
      const request = requestOf(options)
      const placed = await inOptions(PLACE_OPTIONS, () => ledger.holding(readerOf(options, env)).place(request))
      if (options.json === true) terminal.out(jsonDocument(placed))
      else {
        terminal.out(`${placed.hold_id}\n`)
        const bound =
          placed.records === 'not counted'
            ? 'what it binds now was not counted, as the archive could not be read: affidavit hold list'
            : `binds ${counted(placed.records, 'record')} now, and what is recorded later`
        terminal.err(`placed at seq ${placed.seq}: ${bound}\n`)
        const masked = placed.masked_in_reason?.join(', ')
        if (masked !== undefined)
          terminal.err(`the reason stands in the record without what was found in it: ${masked}\n`)
      }
      if (placed.records === 0) terminal.err(bindsNothing(request, placed.hold_id))
    })
}

function bindsNothing(request: HoldRequest, hold_id: string): string {
  const { matter, custodian, reason, ...conditions } = PLACE_OPTIONS
  const given = Object.entries(conditions).flatMap(([name, option]) => (name in request ? [option] : []))
  return (
    `warning: no record fits ${given.join(' and ')}: look at the spelling, and at what the others leave out. ` +
    `Where it is wrong, place another, and have this one released: affidavit hold release plan ${hold_id}\n`
  )
}

/** What a request calls a condition. */
const PLACE_OPTIONS = {
  matter: '--matter',
  reason: '--reason',
  custodian: '--custodian',
  conversation_id: '--conversation',
  subject_id: '--subject',
  actor_id: '--actor',
  agent_name: '--agent',
  resource_type: '--resource-type',
  resource_id: '--resource-id',
  from: '--from',
  until: '--until',
  everything: '--everything',
}

function requestOf(options: PlaceOptions): HoldRequest {
  const { matter, custodian, reason, everything } = options
  const conditions = {
    conversation_id: options.conversation,
    subject_id: options.subject,
    actor_id: options.actor,
    agent_name: options.agent,
    resource_type: options.resourceType,
    resource_id: options.resourceId,
    from: instantOf('--from', options.from),
    until: instantOf('--until', options.until),
  }
  const given = Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined))
  return { matter, custodian, reason, ...given, ...(everything === true ? { everything: 'yes' } : {}) }
}

function addList(hold: Command, { terminal, env }: Surroundings): void {
  const command = hold
    .command('list')
    .description('Show the holds that were placed, and how many records each binds.')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--matter <text>', 'of this matter')
    .option('--at <time>', 'as they stood then (2026-11-21, or 2026-11-21T09:30:00.000Z)')
  addReaderOptions(command)
    .addOption(jsonOption())
    .action(async ({ matter, at, ...options }: ListOptions) => {
      const until = instantOf('--at', at)
      await using ledger = await openToRead(placeIn(options))
      const found = await questionsOf(ledger.as(readerOf(options, env))).holds({
        ...(matter === undefined ? {} : { matter }),
        ...(until === undefined ? {} : { at: until }),
      })
      if (options.json === true) terminal.out(jsonDocument(found))
      else if (found.holds.length === 0)
        terminal.err(
          `no hold was placed${matter === undefined ? '' : ' for this matter'}${at === undefined ? '' : ' by then'}\n`,
        )
      else print(found.holds, terminal)
      for (const { seq, problem } of found.ignored)
        terminal.err(`seq ${seq} binds and frees nothing: ${printable(problem)}\n`)
    })
}

const COLUMNS = ['SEQ', 'HOLD', 'STATE', 'RECORDS', 'MATTER', 'CUSTODIAN', 'PLACED', 'BINDS', 'REASON']

function print(holds: readonly HoldFound[], terminal: Terminal): void {
  terminal.out(table([COLUMNS, ...holds.map(cellsOf)], terminal.width))
}

function cellsOf(hold: HoldFound): string[] {
  const { seq, hold_id, state, released_by, records, matter, custodian, placed_at, query, reason } = hold
  const binds = Object.entries(query).map(([name, value]) => `${name} ${String(value)}`)
  return [
    String(seq),
    hold_id,
    state === 'stands' ? state : `released at seq ${released_by}`,
    state === 'stands' ? count(records) : '·',
    printable(matter),
    shortened(custodian),
    secondOf(placed_at),
    printable(binds.length === 0 ? 'everything' : binds.join(', ')),
    printable(reason),
  ]
}

function addReleasePlan(release: Command, { terminal, env }: Surroundings): void {
  const command = release
    .command('plan')
    .description('Write down the release of a hold, for somebody else to approve. Releases nothing.')
    .argument('<hold>', 'the id of the hold')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .requiredOption('--reason <text>', 'why; nothing in it should tell who')
    .requiredOption('--out <file>', 'where the release goes: a new file')
  addReaderOptions(command, 'asks for it: your name in the access policy')
    .addOption(jsonOption())
    .action(async (hold_id: string, options: ReleasePlanOptions) => {
      const out: NewFile = { option: '--out', path: options.out }
      const place = placeIn(options)
      prepared(out, place)
      await using ledger = await openFolder(place)
      const holds = createLedgerHolds(ledger, readerOf(options, env))
      const {
        says,
        release_sha256,
        release: paper,
      } = await inOptions({ reason: '--reason' }, () => holds.planRelease(hold_id, options.reason))
      writeNewFile(out, paper)
      if (options.json === true) terminal.out(jsonDocument({ ...says, release_sha256, file: options.out }))
      else {
        const lines = linesOfRelease(says).map((line) => `  ${line}\n`)
        terminal.err(`${lines.join('')}\n${options.out}: the hold stands; have it approved with affidavit approve\n`)
      }
    })
}

function prepared(out: NewFile, place: Place): void {
  refuseTaken(out, place.home)
  expectAccess(place)
}

function addReleaseRun(release: Command, { terminal, env }: Surroundings): void {
  const command = release
    .command('run')
    .description('Release a hold, as somebody else approved. Destroys nothing.')
    .argument('<release>', 'the release: a file')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .addOption(new Option('--approval <file>', 'the signed note of the approver').makeOptionMandatory())
  addReaderOptions(command, 'releases it')
    .addOption(jsonOption())
    .action(async (file: string, options: ReleaseRunOptions) => {
      const place = placeIn(options)
      const paper = readInput('release', file)
      const approval = readInput('--approval', options.approval)
      expectAccess(place)
      await using ledger = await openFolder(place)
      const holds = createLedgerHolds(ledger, readerOf(options, env))
      const released = await inOptions({ paper: `release: ${file}` }, () => holds.release({ release: paper, approval }))
      if (options.json === true) terminal.out(jsonDocument(released))
      else {
        const { seq, still_held } = released
        const others = still_held === 0 ? '' : `; other holds bound ${counted(still_held, 'record')} of it`
        terminal.err(`released at seq ${seq}${others}. Nothing was destroyed\n`)
      }
    })
}
