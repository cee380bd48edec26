import type { Command } from 'commander'

import { openReader } from '../../embedded/read.ts'
import { RECORD_COLUMNS, recordCells } from '../describe.ts'
import { addFilterOptions, type FilterOptions, filterOf, jsonOption, ledgerOption, wholeNumber } from '../options.ts'
import { count, jsonLine, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends FilterOptions {
  readonly ledger: string
  readonly origin?: string
  readonly limit: number
  readonly reverse?: boolean
  readonly json?: boolean
}

export function addSearch(program: Command, { terminal }: Surroundings): void {
  addFilterOptions(
    program.command('search').description('Find records. All conditions hold at once.').addOption(ledgerOption()),
  )
    .option('--origin <name>', 'an earlier incarnation in this database')
    .option('--limit <n>', 'records at most', wholeNumber(1), 50)
    .option('--reverse', 'newest first')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      await using reader = await openReader(options.ledger, options.origin)
      const size = await reader.size()
      const filter = { ...filterOf(options), until_seq: Math.min(options.untilSeq ?? size, size) }
      const found = reader.search(filter, {
        order: options.reverse === true ? 'descending' : 'ascending',
        limit: options.limit + 1,
      })
      const rows: string[][] = [[...RECORD_COLUMNS]]
      let shown = 0
      let more = ''
      for await (const record of found) {
        if (shown === options.limit) {
          more = `, more match: --limit shows them`
          break
        }
        shown++
        if (options.json === true) terminal.out(jsonLine(record))
        else rows.push(recordCells(record))
      }
      if (options.json === true) return
      if (shown > 0) terminal.out(table(rows, terminal.width))
      terminal.err(
        `${count(shown)} ${shown === 1 ? 'record' : 'records'}${more} (as of seq ${size - 1}; --until-seq ${size} repeats this search)\n`,
      )
    })
}
