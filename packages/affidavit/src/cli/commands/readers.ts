import type { Command } from 'commander'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { ReadingFound } from '../../ledger/readers.ts'
import { openToAsk } from '../open-to-ask.ts'
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
} from '../options.ts'
import { count, counted, jsonDocument, printable, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, FilterOptions, ReaderOptions {
  readonly json?: boolean
}

export function addReaders(program: Command, { terminal, env }: Surroundings): void {
  addReaderOptions(
    addFilterOptions(
      program
        .command('readers')
        .description(
          'Who has read the records that fit: searches, views, proofs, exports and reveals that showed them.',
        )
        .addOption(ledgerAnywhereOption())
        .addOption(keysOption()),
    ),
  )
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const filter = filterOf(options)
      if (Object.keys(filter).length === 0) throw nothingAsked()
      await using asking = await openToAsk(options, env)
      const readers = await asking.reading.readers(filter)
      if (options.json === true) {
        terminal.out(jsonDocument({ readers }))
        return
      }
      const head = ['SEQ', 'READ AT', 'READER', 'HOW', 'RECORDS', 'REASON']
      if (readers.length > 0) terminal.out(table([head, ...readers.map(cells)], terminal.width))
      terminal.err(`${counted(readers.length, 'reading')}\n`)
    })
}

function cells({ seq, recorded_at, reader, operation, results, reason, purpose }: ReadingFound): string[] {
  return [
    String(seq),
    recorded_at.slice(0, 19).replace('T', ' '),
    printable(reader),
    operation,
    results === 'unknown' ? 'unknown' : count(results.length),
    printable(reason ?? purpose ?? '·'),
  ]
}

function nothingAsked(): LedgerError {
  return new LedgerError('invalid-query', {
    problem: 'nothing says whose records are meant',
    cure: 'name a person, a conversation, a resource: --subject ID, --conversation ID, --resource ID',
  })
}
