import { userInfo } from 'node:os'
import type { Command } from 'commander'

import { openFolder } from '../../embedded/open.ts'
import { exportLedger } from '../../evidence/export.ts'
import { formatCover } from '../../formats/export.ts'
import { addFilterOptions, type FilterOptions, filterOf, jsonOption, ledgerOption } from '../options.ts'
import { count, counted, shellWord } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends FilterOptions {
  readonly ledger: string
  readonly out: string
  readonly requester: string
  readonly reason?: string
  readonly timeZone: string
  readonly json?: boolean
}

export function addExport(program: Command, { terminal }: Surroundings): void {
  addFilterOptions(
    program
      .command('export')
      .description('Write records with their proofs to a folder that verifies without us.')
      .addOption(ledgerOption()),
  )
    .requiredOption('--out <dir>', 'a folder that does not exist yet')
    .option('--requester <name>', 'who asked for it; stands on the cover', userInfo().username)
    .option('--reason <text>', 'why; stands on the cover')
    .option(
      '--time-zone <name>',
      'the time zone the reader works in; stands on the cover',
      Intl.DateTimeFormat().resolvedOptions().timeZone,
    )
    .addOption(jsonOption())
    .action(async (options: Options) => {
      await using ledger = await openFolder(options.ledger)
      const cover = await exportLedger(ledger, {
        out: options.out,
        filter: filterOf(options),
        requester: options.requester,
        timeZone: options.timeZone,
        ...(options.reason === undefined ? {} : { reason: options.reason }),
        onProgress: (done, total) => terminal.progress(`  exporting ${count(done)} of ${count(total)}`),
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
