import { type Command, Option } from 'commander'

import { openReader } from '../../embedded/read.ts'
import { notFound } from '../../ledger/own-records.ts'
import { recordOf } from '../../ledger/read.ts'
import { sentenceOf } from '../describe.ts'
import { jsonOption, ledgerOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly ledger: string
  readonly origin?: string
  readonly raw?: boolean
  readonly json?: boolean
}

export function addShow(program: Command, { terminal }: Surroundings): void {
  program
    .command('show')
    .description('Show one record, by id or seq.')
    .argument('<id>', 'the id of a record, or its seq')
    .addOption(ledgerOption())
    .option('--origin <name>', 'an earlier incarnation in this database')
    .addOption(new Option('--raw', 'the exact bytes that were hashed, for verify --entry').conflicts('json'))
    .addOption(jsonOption())
    .action(async (which: string, options: Options) => {
      await using reader = await openReader(options.ledger, options.origin)
      const wanted = whichRecord(which)
      const entry = await reader.find(wanted)
      if (entry === undefined) throw notFound(wanted)
      if (options.raw === true) {
        terminal.out(Buffer.from(entry.entry).toString('utf8'))
        return
      }
      const record = recordOf(entry)
      if (options.json !== true) terminal.err(`${terminal.style('bold', sentenceOf(record))}\n\n`)
      terminal.out(jsonDocument(record))
    })
}

/** A seq where the text is a number, else an id. */
export function whichRecord(text: string): string | number {
  return /^\d{1,15}$/.test(text) ? Number(text) : text
}
