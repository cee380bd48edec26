import type { Command } from 'commander'

import { DEFAULT_EXAMPLES, questionsOf } from '../../query/questions.ts'
import type { Example, RetentionPlan, State } from '../../query/retention-plan.ts'
import { secondOf } from '../describe.ts'
import { anchorWords, STATE_WORDS } from '../describe-retention.ts'
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
  wholeNumber,
} from '../options.ts'
import { count, counted, jsonDocument, printable, progressOn, type Terminal, table } from '../output.ts'
import { readInstant } from '../read-instant.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly at?: string
  readonly examples: number
  readonly json?: boolean
}

export function addRetentionPlan(retention: Command, { terminal, env }: Surroundings): void {
  addReaderOptions(
    retention
      .command('plan')
      .description('What becomes of every record, and why: by state, policy and month. Destroys nothing.')
      .addOption(ledgerOption())
      .addOption(keysOption())
      .option('--at <date>', 'judged at this day, or time, past or to come (default: now)')
      .option('--examples <n>', 'records shown of each state at most', wholeNumber(0), DEFAULT_EXAMPLES),
  )
    .addOption(jsonOption())
    .action(async (options: Options) => {
      await using ledger = await openToRead(placeIn(options))
      const set = ledger.retention
      const at = readInstant(options.at, set.calendar)
      const asked = {
        limit: options.examples,
        onProgress: progressOn(terminal, 'judged'),
        ...(at === undefined ? {} : { at }),
      }
      const plan = await questionsOf(ledger.as(readerOf(options, env))).retentionPlan(set, asked)
      terminal.endProgress()
      if (options.json === true) terminal.out(jsonDocument(plan))
      else print(plan, terminal)
    })
}

/** What needs somebody first. */
const ORDER: readonly State[] = ['conflict', 'due', 'held', 'free', 'waits', 'unclassified', 'kept']

function print(plan: RetentionPlan, terminal: Terminal): void {
  const { states, records, overdue, content_due, policies, at, as_of_seq } = plan
  for (const state of ORDER) {
    const found = states[state]
    if (found === undefined) continue
    terminal.out(`${terminal.style('bold', `${counted(found.count, 'record')}: ${STATE_WORDS[state]}`)}\n`)
    terminal.out(
      `${table(
        found.listed.map((one) => exampleCells(state, one)),
        terminal.width,
      )}\n`,
    )
  }
  if (overdue > 0) terminal.out(`${counted(overdue, 'record')} of those that are due: behind the end of a maximum\n`)
  if (content_due > 0) terminal.out(`${counted(content_due, 'record')} whose content is due before the record\n`)
  printCounts('By policy', plan.by_policy, terminal)
  printCounts('By the month in which the minimum ends', plan.by_due_month, terminal)
  terminal.err(
    `${counted(records, 'record')}, judged as of ${secondOf(at)} by revision ${printable(policies.revision)}, days of ${policies.time_zone} (as of seq ${as_of_seq})\n`,
  )
}

function exampleCells(state: State, { seq, id, action, policies, day, waits_for, holds }: Example): string[] {
  const why = [
    day === undefined ? undefined : `${state === 'kept' ? 'until' : 'since'} ${day}`,
    waits_for === undefined ? undefined : `waits for ${anchorWords(waits_for)}`,
    holds === undefined ? undefined : counted(holds.length, 'hold'),
  ].filter((said) => said !== undefined)
  return [`  ${seq}`, id, action, why.join(' ') || '·', policies.join(', ')]
}

function printCounts(title: string, counts: Readonly<Record<string, number>>, terminal: Terminal): void {
  const rows = Object.entries(counts).map(([name, number]) => [`  ${printable(name)}`, count(number)])
  terminal.out(`\n${terminal.style('bold', title)}\n${table(rows, terminal.width)}`)
}
