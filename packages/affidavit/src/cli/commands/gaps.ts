import type { Command } from 'commander'

import type { AnswerFound, Gaps, RecordFound } from '../../query/gaps.ts'
import type { Listed } from '../../query/listed.ts'
import type { Degraded, Numbers } from '../../query/producers.ts'
import { secondOf } from '../describe.ts'
import { openToAsk } from '../open-to-ask.ts'
import {
  addReaderOptions,
  addTimeOptions,
  type FilterOptions,
  filterOf,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  limitOption,
  type ReaderOptions,
} from '../options.ts'
import { count, jsonDocument, printable, type Terminal, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, FilterOptions, ReaderOptions {
  readonly limit: number
  readonly json?: boolean
}

export function addGaps(program: Command, { terminal, env }: Surroundings): void {
  addReaderOptions(
    addTimeOptions(
      program
        .command('gaps')
        .description(
          'What is not on record, as far as that can be seen: steps without an outcome, missing numbers of producers, times without a ledger, calls that nothing audited, answers that were cut.',
        )
        .addOption(ledgerAnywhereOption())
        .addOption(keysOption()),
    ),
  )
    .addOption(limitOption())
    .addOption(jsonOption())
    .action(async (options: Options) => {
      await using asking = await openToAsk(options, env)
      const within = filterOf(options)
      const found = await asking.reading.gaps({ ...within, limit: options.limit })
      if (options.json === true) terminal.out(jsonDocument(found))
      else print(found, terminal)
    })
}

function print(found: Gaps, terminal: Terminal): void {
  const { unfinished, numbers, degraded, unaudited, answers, as_of_seq } = found
  section('Steps without an outcome', unfinished, recordCells, terminal)
  section('Numbers of producers', numbers, numberCells, terminal)
  section('Times without a ledger', degraded, degradedCells, terminal)
  section('Calls of models that nothing audited', unaudited, recordCells, terminal)
  section('Answers that were cut or cancelled, or whose delivery nobody confirmed', answers, answerCells, terminal)
  const all = [unfinished, numbers, degraded, unaudited, answers].reduce((sum, list) => sum + list.count, 0)
  terminal.err(`${all === 0 ? 'no gaps are seen' : `${count(all)} in all`} (as of seq ${as_of_seq})\n`)
}

function section<Item>(
  title: string,
  { count: all, listed }: Listed<Item>,
  cells: (item: Item) => string[],
  terminal: Terminal,
): void {
  if (all === 0) return
  const more = all > listed.length ? ` (${count(listed.length)} of ${count(all)}; --limit shows more)` : ''
  terminal.out(`${terminal.style('bold', title)}${more}\n\n${table(listed.map(cells), terminal.width)}\n`)
}

function recordCells({ seq, timestamp, action, agent_name, details = {}, conversation_id }: RecordFound): string[] {
  const { tool, recipient } = details
  const names = [agent_name, tool, recipient].filter((name) => typeof name === 'string')
  return [
    String(seq),
    secondOf(timestamp),
    action,
    printable(names.join(' ') || '·'),
    printable(conversation_id ?? '·'),
  ]
}

function answerCells(answer: AnswerFound): string[] {
  return [...recordCells(answer), answer.ended]
}

const STATES: Readonly<Record<Numbers['state'], string>> = {
  missing: 'MISSING',
  refused: 'refused, as the producer says',
  repeated: 'REPEATED',
}

function numberCells({ producer_id, from, to, state, shown_by }: Numbers): string[] {
  const numbers = from === to ? `${from}` : `${from}..${to}`
  return [printable(producer_id), numbers, STATES[state], `shown by seq ${shown_by.seq}`]
}

function degradedCells({ producer_id, since, until, reason, refused, spooled }: Degraded): string[] {
  const counts = [
    refused === undefined ? undefined : `${count(refused)} refused`,
    spooled === undefined ? undefined : `${count(spooled)} spooled`,
  ]
  const said = counts.filter((words) => words !== undefined).join(', ')
  return [
    printable(producer_id),
    `${printable(since ?? 'unknown')} to ${printable(until ?? 'unknown')}`,
    printable(reason ?? '·'),
    said,
  ]
}
