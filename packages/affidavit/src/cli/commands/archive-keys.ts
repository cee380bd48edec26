import type { Command } from 'commander'

import { handOutKeys } from '../../archive/hand-out-keys.ts'
import { readAccess } from '../../embedded/access.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { formatSegmentKeys } from '../../formats/segment-key-file.ts'
import { expectAllowed } from '../../ledger/reader.ts'
import { type NewFile, refuseTaken, writeNewSecret } from '../new-file.ts'
import { openToRead } from '../open-records.ts'
import {
  addReaderOptions,
  jsonOption,
  keysOption,
  type LedgerOptions,
  ledgerOption,
  placeIn,
  type ReaderOptions,
  readerOf,
} from '../options.ts'
import { counted, jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly segment: readonly string[]
  readonly class?: string
  readonly month?: string
  readonly reason: string
  readonly out: string
  readonly json?: boolean
}

export function addArchiveKeys(archive: Command, { terminal, env }: Surroundings): void {
  const command = archive
    .command('keys')
    .description(
      'Hand out the keys of segments, for somebody who verifies them without the ledger: whoever has them reads their entries. That is recorded.',
    )
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--segment <id>', 'of this segment; may stand several times', (id, ids: string[]) => [...ids, id], [])
    .option('--class <name>', 'of every segment of this retention class')
    .option('--month <month>', 'of every segment that is due in this month: YYYY-MM, open or none')
    .requiredOption('--reason <text>', 'to whom, and why; stands in the record about it')
    .requiredOption('--out <file>', 'where the keys go: a new file, for its owner alone')
  addReaderOptions(command, 'hands them out')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const out: NewFile = { option: '--out', path: options.out }
      const asked = askedFor(options)
      const place = placeIn(options)
      refuseTaken(out, place.home)
      const reader = readerOf(options, env)
      expectAllowed(readAccess(place.home), reader, 'hand-out-keys')
      await using ledger = await openToRead(place)
      const file = await handOutKeys(ledger.archival, ledger.as(reader), asked, options.reason)
      writeNewSecret(out, formatSegmentKeys(file))
      const segments = [...file.keys.keys()]
      if (options.json === true) terminal.out(jsonDocument({ segments, file: options.out }))
      else
        terminal.err(
          `${counted(segments.length, 'key')} written to ${options.out}. Whoever has that file reads these segments:\n` +
            'affidavit archive verify --store PLACE --vkey KEY --segment-keys FILE\n',
        )
    })
}

function askedFor({ segment, class: retention_class, month }: Options): Parameters<typeof handOutKeys>[2] {
  if (segment.length === 0 && retention_class === undefined && month === undefined)
    throw new LedgerError('invalid-query', {
      problem: 'name whose keys are handed out: --segment ID, or --class NAME and --month MONTH',
      cure: 'affidavit archive status shows classes and months; as little as will do',
    })
  return {
    ...(segment.length === 0 ? {} : { ids: segment }),
    ...(retention_class === undefined ? {} : { retention_class }),
    ...(month === undefined ? {} : { due_month: month }),
  }
}
