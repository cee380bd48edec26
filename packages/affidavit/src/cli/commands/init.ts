import { join, resolve } from 'node:path'
import type { Command } from 'commander'

import { databaseFile, keysFolder, readAnchor } from '../../embedded/folder.ts'
import { continueAfterRestore, initLedger } from '../../embedded/init.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { jsonOption, ledgerOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly ledger: string
  readonly origin?: string
  readonly anchor?: string
  readonly afterRestore?: boolean
  readonly json?: boolean
}

export function addInit(program: Command, { terminal }: Surroundings): void {
  program
    .command('init')
    .description('Create a ledger: database, keys, checkpoint log, and entry 0.')
    .addOption(ledgerOption())
    .option('--origin <name>', 'the name others know the ledger by, like clinic.example/agents')
    .option('--anchor <dir>', 'folder of the checkpoint log, best on another disk or host')
    .option('--after-restore', 'continue a ledger that came back from a backup, in a new incarnation')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const made =
        options.afterRestore === true
          ? await continueAfterRestore(unnamed(options))
          : await initLedger(options.ledger, named(options))
      const anchor = readAnchor(options.ledger)
      if (options.json === true) {
        const paths = {
          database: resolve(databaseFile(options.ledger)),
          keys: resolve(keysFolder(options.ledger)),
          checkpoint_log: resolve(anchor.folder),
        }
        terminal.out(jsonDocument({ origin: made.origin, verifier_key: made.verifierKey, ...paths }))
        return
      }
      terminal.out(`${made.verifierKey}\n`)
      terminal.err(`
  Created the ledger ${terminal.style('bold', made.origin)}
  records         ${databaseFile(options.ledger)}
  keys            ${keysFolder(options.ledger)}  (back them up apart from the records)
  checkpoint log  ${join(anchor.folder, 'checkpoints.log')}  (${anchor.kind}${anchor.kind === 'same directory' ? ': --anchor DIR keeps it elsewhere' : ''})

  The line above is the verifier key. Give it to your auditor now: pinned, it shows that nobody else signed.
`)
    })
}

function named({ origin, anchor }: Options): { origin: string; anchor?: string } {
  if (origin === undefined)
    throw new LedgerError('invalid-origin', {
      problem: 'init needs --origin NAME',
      cure: 'for example: --origin clinic.example/agents',
    })
  return anchor === undefined ? { origin } : { origin, anchor }
}

// A ledger that goes on keeps its name and the place of its checkpoint log.
function unnamed({ ledger, origin, anchor }: Options): string {
  if (origin === undefined && anchor === undefined) return ledger
  throw new LedgerError('invalid-query', {
    problem: `${origin === undefined ? '--anchor' : '--origin'} says nothing with --after-restore: the ledger keeps what it has`,
    cure: 'leave it out',
  })
}
