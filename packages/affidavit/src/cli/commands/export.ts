import type { Command } from 'commander'

import { labelProblem } from '../../bytes/label.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { exportLedger } from '../../evidence/export.ts'
import { formatCover } from '../../formats/export.ts'
import { MAX_LABEL_BYTES } from '../../formats/fields.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Read, Reader } from '../../ledger/reader.ts'
import type { EntryFilter } from '../../ledger/store.ts'
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
      await recordExport(ledger, reader, filter, options.reason)
      const cover = await exportLedger(ledger, {
        out: options.out,
        filter,
        requester: options.requester ?? reader.actor_id,
        timeZone: options.timeZone,
        ...(options.reason === undefined ? {} : { reason: options.reason }),
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

// What fits now is listed. What is recorded until the export is made, this record first, is in it too.
async function recordExport(ledger: Ledger, reader: Reader, filter: EntryFilter, reason?: string): Promise<void> {
  const size = (await ledger.health()).size
  const put = (read: Pick<Read, 'outcome' | 'details' | 'results'>): Promise<void> =>
    ledger.as(reader).recorded('export', {
      action: 'records_exported',
      operation: 'export',
      ...read,
      ...said(reason, { as_of_seq: size - 1, ...read.details }),
    })
  let query: EntryFilter
  try {
    query = await ledger.recordedFilter(filter)
  } catch (error) {
    // Whom somebody asked for in vain is not written down; that somebody did is, and whoever may not learns nothing.
    if (error instanceof LedgerError && error.code === 'not-found') await put({ outcome: 'failure', results: [] })
    throw error
  }
  const results: number[] = []
  const until_seq = Math.min(filter.until_seq ?? size, size)
  for await (const { seq } of ledger.entries({ ...filter, until_seq })) results.push(seq)
  await put({ details: { query }, results })
}

// A cover has room for a longer reason than a field of a record.
function said(reason: string | undefined, details: NonNullable<Read['details']>): Pick<Read, 'reason' | 'details'> {
  if (reason === undefined) return { details }
  return labelProblem(reason, MAX_LABEL_BYTES) === undefined ? { reason, details } : { details: { ...details, reason } }
}
