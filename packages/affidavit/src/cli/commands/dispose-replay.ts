import type { Command } from 'commander'

import { MAX_PAPERS_BYTES } from '../../disposition/disposition-papers.ts'
import { expectAccess } from '../../embedded/access.ts'
import { openFolder } from '../../embedded/open.ts'
import type { Place } from '../../embedded/place.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { refuseUnlessDisposer } from '../../ledger/judge-disposition.ts'
import type { ReplayWord } from '../../ledger/replay-dispositions.ts'
import { jsonOption, keysOption, type LedgerOptions, ledgerOption, placeIn } from '../options.ts'
import { printDispositions } from '../print-dispositions.ts'
import { readInput } from '../read-input.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions {
  readonly papers?: string
  readonly keep?: string
  readonly as?: string
  readonly reason?: string
  readonly json?: boolean
}

export function addReplayDisposition(dispose: Command, { terminal }: Surroundings): void {
  dispose
    .command('replay')
    .description(
      'Open a restored ledger that has records again which were destroyed, and destroy them again; or say why they stay.',
    )
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--papers <file>', 'the papers of the disposition, as certificates --out writes them')
    .option('--keep <plan_sha256>', 'the records of this plan stay, on record: with --as and --reason')
    .option('--as <person>', 'your name in the access policy')
    .option('--reason <text>', 'why they stay')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const place = placeIn(options)
      await using ledger = await openFolder(place, { replay: wordOf(options, place) })
      const replays = (await ledger.dispositions.standing()).filter((standing) => standing.ledger !== undefined)
      printDispositions(replays, options, terminal)
    })
}

function wordOf({ papers, keep, as: person, reason }: Options, place: Place): ReplayWord {
  if (papers !== undefined && keep === undefined) return { papers: readInput('--papers', papers, MAX_PAPERS_BYTES) }
  if (papers === undefined && keep !== undefined && person !== undefined && reason !== undefined) {
    refuseUnlessDisposer({ policy: expectAccess(place), person })
    return { keep, person, reason }
  }
  throw new LedgerError('invalid-query', {
    problem: 'what is to become of the records that came back was not said',
    cure: 'hand in the papers with --papers FILE; or let the records stay with --keep PLAN_SHA256 --as PERSON --reason TEXT',
  })
}
