import type { Command } from 'commander'

import { DAYS_AT_HAND } from '../../archive/at-hand.ts'
import { questionsOf } from '../../query/questions.ts'
import type {
  AppliedShown,
  BoundShown,
  DispositionShown,
  PeriodShown,
  RetentionStory,
} from '../../query/retention-story.ts'
import { secondOf } from '../describe.ts'
import { anchorWords, periodWords, STATE_WORDS, sourceWords } from '../describe-retention.ts'
import { openToRead } from '../open-records.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  type ReaderOptions,
  readerOf,
} from '../options.ts'
import { jsonDocument, printable, type Terminal } from '../output.ts'
import { readInstant } from '../read-instant.ts'
import type { Surroundings } from '../surroundings.ts'
import { whichRecord } from './show.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly at?: string
  readonly json?: boolean
}

export function addRetentionExplain(retention: Command, { terminal, env }: Surroundings): void {
  addReaderOptions(
    retention
      .command('explain')
      .description(
        'How long one record is kept: by which policies, counted from when, what it waits for, and what holds it.',
      )
      .argument('<id>', 'the id of the record, or its seq')
      .addOption(ledgerOption())
      .addOption(keysOption())
      .option('--at <date>', 'judged at this day, or time, past or to come (default: now)'),
  )
    .addOption(jsonOption())
    .action(async (which: string, options: Options) => {
      await using ledger = await openToRead(placeIn(options))
      const set = ledger.retention
      const at = readInstant(options.at, set.calendar)
      const asked = at === undefined ? {} : { at }
      const story = await questionsOf(ledger.as(readerOf(options, env))).retentionStory(set, whichRecord(which), asked)
      if (options.json === true) terminal.out(jsonDocument(story))
      else print(story, terminal)
    })
}

function print(story: RetentionStory, terminal: Terminal): void {
  const { seq, id, action, timestamp, recorded_at, retention_class, compliance_domains, policies, at } = story
  const line = (text: string): void => terminal.out(`${text}\n`)
  line(terminal.style('bold', `${action} ${id} (seq ${seq})`))
  line(`  happened ${secondOf(timestamp)}, recorded ${secondOf(recorded_at)}; the later one counts`)
  line(`  class ${retention_class}; domains ${compliance_domains.join(', ') || 'none'}`)
  line(`\n${terminal.style('bold', dispositionWords(story.disposition))}`)
  if (story.content !== undefined) line(`  its content: ${dispositionWords(story.content)}`)
  for (const { matter, custodian, id: hold } of story.holds) {
    line(`  hold ${hold} for ${printable(matter)}; ${printable(custodian)} answers for it`)
  }
  line(`  may be destroyed        ${boundWords('from', story.minimum)}`)
  line(`  has to be destroyed     ${boundWords('by', story.maximum)}`)
  line(`  at hand without restore ${availableWords(story.available)}`)
  line(`\n${terminal.style('bold', 'Policies that apply')}`)
  for (const applied of story.applied) for (const words of policyLines(applied)) line(words)
  if (story.sources.length > 0) line(`\nWhat was recorded later and counts: seq ${story.sources.join(', ')}`)
  terminal.err(
    `judged as of ${secondOf(at)} by revision ${printable(policies.revision)}, days of ${policies.time_zone}\n`,
  )
}

function dispositionWords(becomes: DispositionShown): string {
  const words = STATE_WORDS[becomes.state]
  if (becomes.state === 'kept') return `${words}: until ${becomes.until}`
  if (becomes.state === 'waits') return `${words}: ${anchorWords(becomes.for)}`
  if (becomes.state !== 'due') return words
  const { since, overdue_since } = becomes
  return `${words}: since ${since}${overdue_since === undefined ? '' : `, and behind its maximum since ${overdue_since}`}`
}

function boundWords(before: 'from' | 'by' | 'until', bound: BoundShown): string {
  if (bound.state === 'none') return 'no policy says when'
  if (bound.state === 'until') return `${before} ${bound.until}`
  const least = bound.at_least === undefined ? '' : `, and ${bound.at_least} at the earliest`
  return `not known yet: it is counted from ${anchorWords(bound.for)}${least}`
}

function availableWords(available: BoundShown): string {
  return available.state === 'none'
    ? `for ${DAYS_AT_HAND} days, as no policy says how long`
    : boundWords('until', available)
}

function policyLines({
  id,
  title,
  minimum,
  extension,
  maximum,
  without_minimum,
  overridden,
  ...source
}: AppliedShown): string[] {
  return [
    `  ${id}: ${printable(title)}`,
    `    ${sourceWords(source)}`,
    ...(minimum === undefined ? [] : [`    at least ${countedWords(minimum)}`]),
    ...(extension === undefined ? [] : [`    extended to ${countedWords(extension)}`]),
    ...(maximum === undefined ? [] : [`    at most ${countedWords(maximum)}`]),
    ...(without_minimum === undefined ? [] : [`    no minimum: ${printable(without_minimum)}`]),
    ...(overridden === undefined
      ? []
      : [`    decided by ${printable(overridden.decided_by)}: ${printable(overridden.reason)}`]),
  ]
}

function countedWords(period: PeriodShown): string {
  const words = periodWords(period)
  if (period.state === 'waits') return `${words}; waits for ${anchorWords(period.for)}`
  return `${words}, ${period.anchor_day}: until ${period.until}`
}
