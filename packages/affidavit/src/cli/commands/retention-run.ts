import type { Command } from 'commander'

import { archiveRecords } from '../../archive/archive-records.ts'
import { extendLocks } from '../../archive/extend-locks.ts'
import { type Removed, removeArchived } from '../../archive/remove.ts'
import { archiveStatus } from '../../archive/status.ts'
import { readAccess } from '../../embedded/access.ts'
import { openFolder } from '../../embedded/open.ts'
import { countRuns } from '../../formats/seq-runs.ts'
import { expectAllowed } from '../../ledger/reader.ts'
import { archivingIn } from '../archive-at.ts'
import { untilInterrupted } from '../interrupted.ts'
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
import { readSet } from '../read-retention.ts'
import type { Surroundings } from '../surroundings.ts'
import { tellOfOtherPlace } from '../tell-of-other-place.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function addRetentionRun(retention: Command, { terminal, env }: Surroundings): void {
  const run = retention
    .command('run')
    .description(
      'Archive what is published, extend locks to the minimums of today, and take out of the database what may leave it. Destroys nothing.',
    )
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--dry-run', 'say what would be done, and do nothing')
  addReaderOptions(run, 'runs it')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const place = placeIn(options)
      const by = readerOf(options, env)
      expectAllowed(readAccess(place.home), by, 'archive')
      await using ledger = await openFolder(place)
      const set = readSet(options)
      const parts = await archivingIn(place.home, ledger)
      const mode = options.dryRun === true ? 'trial' : 'run'
      const removals: Removed[] = []
      let archived = 0
      let locks = { extended: 0, short: 0 }
      try {
        await tellOfOtherPlace(parts, terminal)
        if (mode === 'trial') archived = (await archiveStatus(parts)).waiting
        else {
          await ledger.publish()
          for await (const { runs } of untilInterrupted(archiveRecords(parts))) {
            archived += countRuns(runs)
            terminal.progress(`${counted(archived, 'record')} archived`)
          }
          locks = await extendLocks(parts, set)
        }
        const removal = { set, by, mode, publish: () => ledger.publish() } as const
        for await (const one of untilInterrupted(removeArchived(parts, removal))) {
          removals.push(one)
          terminal.progress(`${counted(recordsOf(removals, 'removed'), 'record')} out of the database`)
        }
      } finally {
        terminal.endProgress()
        await parts.objects.close()
      }
      const left = mode === 'trial' ? 'would be removed' : 'removed'
      const refused = removals.flatMap((one) =>
        one.state === 'refused' ? [{ segment: one.segment, records: one.records, because: one.because }] : [],
      )
      const removed = recordsOf(removals, left)
      if (options.json === true) {
        terminal.out(
          jsonDocument({ archived, locks, removed, refused, path: parts.objects.where, dry_run: mode === 'trial' }),
        )
        return
      }
      const would = mode === 'trial' ? 'would be ' : ''
      terminal.err(
        [
          `${counted(archived, 'record')} ${would}archived: ${parts.objects.where}`,
          `${counted(locks.extended, 'lock')} extended${locks.short === 0 ? '' : `; ${counted(locks.short, 'segment')} not locked long enough`}`,
          `${counted(removed, 'record')} ${would}taken out of the database`,
          ...refused.map(
            ({ segment, records, because }) => `  ${counted(records, 'record')} of ${segment} stay: ${because}`,
          ),
          '',
        ].join('\n'),
      )
    })
}

function recordsOf(removals: readonly Removed[], state: Removed['state']): number {
  return removals.reduce((sum, one) => (one.state === state ? sum + one.records : sum), 0)
}
