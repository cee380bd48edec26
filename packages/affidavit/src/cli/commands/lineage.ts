import type { Command } from 'commander'

import type { AuditRecord } from '../../formats/fields.ts'
import { isFinding } from '../../query/judge-authority.ts'
import type { Lineage, Step } from '../../query/lineage.ts'
import { resourceOf, secondOf, sentenceOf } from '../describe.ts'
import { authorityWords } from '../describe-authority.ts'
import { openToAsk } from '../open-to-ask.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  type ReaderOptions,
} from '../options.ts'
import { counted, jsonDocument, printable, type Terminal, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { whichRecord } from './show.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly json?: boolean
}

export function addLineage(program: Command, { terminal, env }: Surroundings): void {
  addReaderOptions(
    program
      .command('lineage')
      .description(
        'What an answer came from: the question, and every call, access, approval and disclosure in between, with its grant.',
      )
      .argument('<id>', 'the id of an answer, or of any record, or its seq')
      .addOption(ledgerAnywhereOption())
      .addOption(keysOption()),
  )
    .addOption(jsonOption())
    .action(async (which: string, options: Options) => {
      await using asking = await openToAsk(options, env)
      const found = await asking.reading.lineage(whichRecord(which))
      if (options.json === true) terminal.out(jsonDocument(found))
      else print(found, terminal)
    })
}

function print({ question_seq, steps, beside, as_of_seq }: Lineage, terminal: Terminal): void {
  const question = steps.find(({ record }) => record.seq === question_seq)
  const head = question === undefined ? 'no question is on record' : sentenceOf(question.record)
  terminal.out(`${terminal.style('bold', 'Question')}  ${head}\n\n${tableOf(steps, terminal)}`)
  if (beside.length > 0) {
    terminal.out(`\n${terminal.style('bold', 'Beside')}  in the same conversation, of no step above\n\n`)
    terminal.out(tableOf(beside, terminal))
  }
  const accesses = steps.filter(({ authority }) => authority !== undefined)
  const findings = [...steps, ...beside].filter(
    ({ authority, lacks }) => lacks !== undefined || (authority !== undefined && isFinding(authority)),
  )
  const counts = [
    counted(steps.length, 'record'),
    plural(accesses.length, 'access', 'accesses'),
    counted(findings.length, 'finding'),
  ]
  terminal.err(`${counts.join(', ')} (as of seq ${as_of_seq})\n`)
}

function plural(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}

const COLUMNS = ['SEQ', 'AT', 'WHAT', 'OUTCOME', 'AUTHORITY', 'RESOURCE']

function tableOf(steps: readonly Step[], terminal: Terminal): string {
  const rows = steps.map((step) => [
    String(step.record.seq),
    secondOf(step.record.timestamp),
    whatOf(step.record),
    step.record.outcome ?? '·',
    [authorityWords(step), step.recorded_afterwards === true ? 'recorded after the answer' : '']
      .filter((words) => words !== '')
      .join('; ') || '·',
    resourceOf(step.record) ?? '·',
  ])
  return table([COLUMNS, ...rows], terminal.width)
}

/** `tool_invoked get_chart` */
function whatOf({ action, model, details = {} }: AuditRecord): string {
  const name = action.startsWith('model_') ? model : details.tool
  return typeof name === 'string' ? printable(`${action} ${name}`) : action
}
