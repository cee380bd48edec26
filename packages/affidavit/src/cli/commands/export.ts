import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { RemoteLedger } from '../../client/remote-ledger.ts'
import { exportLedger } from '../../evidence/export.ts'
import { recordExport } from '../../evidence/record-export.ts'
import { COVER_FILE, formatCover } from '../../formats/export.ts'
import type { EntryFilter } from '../../ledger/store.ts'
import { openOnServer, readerOn } from '../on-server/open.ts'
import { openToRead } from '../open-records.ts'
import {
  addFilterOptions,
  addReaderOptions,
  type FilterOptions,
  filterOf,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerAnywhereOption,
  placeIn,
  type ReaderOptions,
  readerOf,
} from '../options.ts'
import { counted, progressOn, shellWord, type Terminal } from '../output.ts'
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
    .addOption(ledgerAnywhereOption())
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
      const filter = filterOf(options)
      const remote = await openOnServer(options, env)
      if (remote !== undefined) {
        await exportOnServer(remote, filter, options, { terminal, env })
        return
      }
      const reader = readerOf(options, env)
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
      tell(formatCover(cover), cover.count, await ledger.verifierKey(), options, terminal)
    })
}

async function exportOnServer(
  remote: RemoteLedger,
  filter: EntryFilter,
  options: Options,
  { terminal, env }: Pick<Surroundings, 'terminal' | 'env'>,
): Promise<void> {
  await using ledger = remote
  const { out, requester, timeZone } = options
  await ledger.as(readerOn(ledger, options, env)).exported({
    ...{ out, filter, timeZone, onProgress: progressOn(terminal, 'fetched') },
    ...(requester === undefined ? {} : { requester }),
    ...said(options),
  })
  terminal.endProgress()
  const cover = readFileSync(join(out, COVER_FILE))
  tell(cover, JSON.parse(cover.toString('utf8')).count, await ledger.verifierKey(), options, terminal)
}

function tell(cover: Uint8Array, count: number, vkey: string, { out, json }: Options, terminal: Terminal): void {
  if (json === true) {
    terminal.out(Buffer.from(cover).toString('utf8'))
    return
  }
  terminal.err(`${counted(count, 'record')} written to ${out}. To verify them, anywhere:\n`)
  terminal.out(`affidavit verify --export ${shellWord(out)} --vkey ${shellWord(vkey)}\n`)
}

function said({ reason }: Options): { readonly reason?: string } {
  return reason === undefined ? {} : { reason }
}
