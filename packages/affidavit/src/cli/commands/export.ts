import type { Command } from 'commander'

import { exportLedger } from '../../evidence/export.ts'
import { recordExport } from '../../evidence/record-export.ts'
import { formatCover } from '../../formats/export.ts'
import { openToRead } from '../open-records.ts'
import {
  addFilterOptions,
  addReaderOptions,
  type FilterOptions,
  filterOf,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  type ReaderOptions,
  readerOf,
} from '../options.ts'
import { counted, progressOn, shellWord } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, FilterOptions, ReaderOptions {
  readonly out: string
  readonly requester?: string
  readonly reason?: string
  readonly timeZone: string
  readonly json?: boolean
}

export function addExport(program: Command, { terminal, env }: Surroundings): void {
  const command = program
    .command('export')
    .description('Write records with their proofs to a folder that verifies without us. That is recorded.')
    .addOption(ledgerOption())
    .addOption(keysOption())
  addReaderOptions(addFilterOptions(command))
    .requiredOption('--out <dir>', 'a folder that does not exist yet')
    .option('--requester <name>', 'who asked for it; stands on the cover (default: who reads)')
    .option('--reason <text>', 'why; stands on the cover, and in the record about it')
    .option(
      '--time-zone <name>',
      'the time zone the reader works in; stands on the cover',
      Intl.DateTimeFormat().resolvedOptions().timeZone,
    )
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const reader = readerOf(options, env)
      const filter = filterOf(options)
      await using ledger = await openToRead(placeIn(options))
      await recordExport(ledger, ledger.as(reader), { filter, ...said(options) })
      const cover = await exportLedger(ledger, {
        out: options.out,
        filter,
        requester: options.requester ?? reader.actor_id,
        timeZone: options.timeZone,
        ...said(options),
        onProgress: progressOn(terminal, 'exported'),
      })
      terminal.endProgress()
      if (options.json === true) terminal.out(Buffer.from(formatCover(cover)).toString('utf8'))
      else {
        terminal.err(`${counted(cover.count, 'record')} written to ${options.out}. To verify them, anywhere:\n`)
        const key = shellWord(await ledger.verifierKey())
        terminal.out(`affidavit verify --export ${shellWord(options.out)} --vkey ${key}\n`)
      }
    })
}

function said({ reason }: Options): { readonly reason?: string } {
  return reason === undefined ? {} : { reason }
}
