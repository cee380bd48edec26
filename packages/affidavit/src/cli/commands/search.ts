import type { Command } from 'commander'

import type { Reading } from '../../ledger/reading.ts'
import { RECORD_COLUMNS, recordCells } from '../describe.ts'
import { openRecordsOf } from '../open-records-of.ts'
import {
  addFilterOptions,
  addReaderOptions,
  type FilterOptions,
  filterOf,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  type ReaderOptions,
  wholeNumber,
} from '../options.ts'
import { counted, type Terminal, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, FilterOptions, ReaderOptions {
  readonly origin?: string
  readonly limit: number
  readonly reverse?: boolean
  readonly json?: boolean
}

type Found = ReturnType<Reading['search']>

export function addSearch(program: Command, { terminal, env }: Surroundings): void {
  const search = program
    .command('search')
    .description('Find records. All conditions hold at once. The search is recorded.')
    .addOption(ledgerAnywhereOption())
    .addOption(keysOption())
  addReaderOptions(addFilterOptions(search))
    .option('--origin <name>', 'an earlier incarnation in this database; persons by their tokens')
    .option('--limit <n>', 'records at most', wholeNumber(1), 50)
    .option('--reverse', 'newest first')
    .addHelpText(
      'after',
      '\nWith --json: {"as_of_seq": N, "until_seq": N+1, "records": [one a line], "more": whether more match than --limit}.',
    )
    .addOption(jsonOption())
    .action(async (options: Options) => {
      await using records = await openRecordsOf(options, env)
      const size = await records.size()
      const until_seq = Math.min(options.untilSeq ?? size, size)
      const found = records.search(
        { ...filterOf(options), until_seq },
        { order: options.reverse === true ? 'descending' : 'ascending', limit: options.limit },
      )
      const print = options.json === true ? printJson : printTable
      await print(found, until_seq, terminal)
    })
}

/** One document, with a line for each record: what was found, as of the record before `until_seq`, and whether that is all. */
async function printJson(found: Found, until_seq: number, terminal: Terminal): Promise<void> {
  let head = `{"as_of_seq":${until_seq === 0 ? null : until_seq - 1},"until_seq":${until_seq},"records":[\n`
  let next = await found.next()
  let last = head
  for (; next.done !== true; next = await found.next()) {
    terminal.out(`${head}${JSON.stringify(next.value)}`)
    head = ',\n'
    last = '\n'
  }
  terminal.out(`${last}],"more":${next.value.more}}\n`)
}

async function printTable(found: Found, until_seq: number, terminal: Terminal): Promise<void> {
  const rows: string[][] = [[...RECORD_COLUMNS]]
  let next = await found.next()
  for (; next.done !== true; next = await found.next()) rows.push(recordCells(next.value))
  if (rows.length > 1) terminal.out(table(rows, terminal.width))
  const more = next.value.more ? ', more match: --limit shows them' : ''
  const asOf = until_seq === 0 ? '' : ` (as of seq ${until_seq - 1}; --until-seq ${until_seq} repeats this search)`
  terminal.err(`${counted(rows.length - 1, 'record')}${more}${asOf}\n`)
}
