import type { Command } from 'commander'

import { openReader } from '../../embedded/read.ts'
import type { AuditRecord } from '../../formats/fields.ts'
import { RECORD_COLUMNS, recordCells } from '../describe.ts'
import { addFilterOptions, type FilterOptions, filterOf, jsonOption, ledgerOption, wholeNumber } from '../options.ts'
import { counted, type Terminal, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends FilterOptions {
  readonly ledger: string
  readonly origin?: string
  readonly limit: number
  readonly reverse?: boolean
  readonly json?: boolean
}

type Found = AsyncIterable<AuditRecord>

export function addSearch(program: Command, { terminal }: Surroundings): void {
  addFilterOptions(
    program.command('search').description('Find records. All conditions hold at once.').addOption(ledgerOption()),
  )
    .option('--origin <name>', 'an earlier incarnation in this database')
    .option('--limit <n>', 'records at most', wholeNumber(1), 50)
    .option('--reverse', 'newest first')
    .addHelpText(
      'after',
      '\nWith --json: {"as_of_seq": N, "until_seq": N+1, "records": [one a line], "more": whether more match than --limit}.',
    )
    .addOption(jsonOption())
    .action(async (options: Options) => {
      await using reader = await openReader(options.ledger, options.origin)
      const size = await reader.size()
      const until_seq = Math.min(options.untilSeq ?? size, size)
      const found = reader.search(
        { ...filterOf(options), until_seq },
        { order: options.reverse === true ? 'descending' : 'ascending', limit: options.limit + 1 },
      )
      const print = options.json === true ? printJson : printTable
      await print(found, { limit: options.limit, until_seq }, terminal)
    })
}

interface Extent {
  readonly limit: number
  /** The search answers as of the record before. */
  readonly until_seq: number
}

/** One document, with a line for each record: what was found, as of when, and whether that is all. */
async function printJson(found: Found, { limit, until_seq }: Extent, terminal: Terminal): Promise<void> {
  let head = `{"as_of_seq":${until_seq === 0 ? null : until_seq - 1},"until_seq":${until_seq},"records":[\n`
  let shown = 0
  let more = false
  for await (const record of found) {
    more = shown === limit
    if (more) break
    terminal.out(`${head}${JSON.stringify(record)}`)
    head = ',\n'
    shown++
  }
  terminal.out(`${shown === 0 ? head : '\n'}],"more":${more}}\n`)
}

async function printTable(found: Found, { limit, until_seq }: Extent, terminal: Terminal): Promise<void> {
  const rows: string[][] = [[...RECORD_COLUMNS]]
  let more = ''
  for await (const record of found) {
    if (rows.length > limit) {
      more = ', more match: --limit shows them'
      break
    }
    rows.push(recordCells(record))
  }
  if (rows.length > 1) terminal.out(table(rows, terminal.width))
  const asOf = until_seq === 0 ? '' : ` (as of seq ${until_seq - 1}; --until-seq ${until_seq} repeats this search)`
  terminal.err(`${counted(rows.length - 1, 'record')}${more}${asOf}\n`)
}
