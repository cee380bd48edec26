import { type Command, Option } from 'commander'

import { recordOf } from '../../ledger/read.ts'
import { sentenceOf } from '../describe.ts'
import { openRecordsOf } from '../open-records-of.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  type ReaderOptions,
} from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly origin?: string
  readonly raw?: boolean
  readonly json?: boolean
}

export function addShow(program: Command, { terminal, env }: Surroundings): void {
  const show = program
    .command('show')
    .description('Show one record, by id or seq. That is recorded.')
    .argument('<id>', 'the id of a record, or its seq')
    .addOption(ledgerAnywhereOption())
    .addOption(keysOption())
  addReaderOptions(show)
    .option('--origin <name>', 'an earlier incarnation in this database')
    .addOption(new Option('--raw', 'the exact bytes that were hashed, for verify --entry').conflicts('json'))
    .addOption(jsonOption())
    .action(async (which: string, options: Options) => {
      await using records = await openRecordsOf(options, env)
      const entry = await records.show(whichRecord(which))
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
