import type { Command } from 'commander'

import { openFolder } from '../../embedded/open.ts'
import { wholeNote } from '../../ledger/prove.ts'
import { type NewFile, refuseTaken, writeNewFile } from '../new-file.ts'
import { openOnServer } from '../on-server/open.ts'
import { jsonOption, keysOption, type LedgerOptions, ledgerAnywhereOption, placeIn } from '../options.ts'
import { counted, jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions {
  readonly out?: string
  readonly json?: boolean
}

export function addCheckpoint(program: Command, { terminal, env }: Surroundings): void {
  program
    .command('checkpoint')
    .description('Publish a checkpoint of everything recorded, and print it. An auditor keeps it as an anchor.')
    .addOption(ledgerAnywhereOption())
    .addOption(keysOption())
    .option('--out <file>', 'write it to a file that does not exist yet')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const file: NewFile | undefined = options.out === undefined ? undefined : { option: '--out', path: options.out }
      const remote = await openOnServer(options, env)
      if (file !== undefined) refuseTaken(file, remote === undefined ? placeIn(options).home : undefined)
      await using ledger = remote ?? (await openFolder(placeIn(options)))
      const checkpoint = await ledger.publish()
      const note = wholeNote(checkpoint)
      if (file !== undefined) writeNewFile(file, note)
      if (options.json === true)
        terminal.out(jsonDocument({ origin: ledger.origin, size: checkpoint.size, checkpoint: note }))
      else if (file === undefined) terminal.out(note)
      else terminal.err(`Checkpoint of ${counted(checkpoint.size, 'record')} written to ${file.path}\n`)
    })
}
