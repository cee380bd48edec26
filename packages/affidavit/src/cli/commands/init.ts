import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'

import { databaseFile, keysFolder, readAnchor } from '../../embedded/folder.ts'
import { continueAfterRestore, type InitOptions, initLedger } from '../../embedded/init.ts'
import { keyringFile } from '../../embedded/keyring.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { jsonOption, ledgerOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly ledger: string
  readonly origin?: string
  readonly anchor?: string
  readonly keyring?: string
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
    .option('--keyring <dir>', 'folder of the keyring, best on another disk, with backups of its own')
    .option('--after-restore', 'continue a ledger that came back from a backup, in a new incarnation')
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const made =
        options.afterRestore === true
          ? await continueAfterRestore(unnamed(options))
          : await initLedger(options.ledger, named(options))
      if (options.afterRestore !== true) writeFirstPolicy(options.ledger)
      const anchor = readAnchor(options.ledger)
      if (options.json === true) {
        const paths = {
          database: resolve(databaseFile(options.ledger)),
          keys: resolve(keysFolder(options.ledger)),
          keyring: resolve(keyringFile(options.ledger)),
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
  keyring         ${keyringFile(options.ledger)}  (back it up apart from the records, and never archive it)
  access policy   ${join(options.ledger, 'access.yaml')}  (${userInfo().username} may reveal content; everybody may read records)
  checkpoint log  ${join(anchor.folder, 'checkpoints.log')}  (${anchor.kind}${anchor.kind === 'same directory' ? ': --anchor DIR keeps it elsewhere' : ''})

  The line above is the verifier key. Give it to your auditor now: pinned, it shows that nobody else signed.
`)
    })
}

// Whoever makes a ledger is its first privacy officer; who else may do what is theirs to write.
function writeFirstPolicy(folder: string): void {
  const policy = `affidavit_access: 1
revision: first
people:
  ${JSON.stringify(userInfo().username)}: { roles: [privacy_officer, operator] }
everybody_else: [reader]
`
  writeFileSync(join(folder, 'access.yaml'), policy, { flag: 'wx' })
}

function named({ origin, anchor, keyring }: Options): InitOptions {
  if (origin === undefined)
    throw new LedgerError('invalid-origin', {
      problem: 'init needs --origin NAME',
      cure: 'for example: --origin clinic.example/agents',
    })
  return { origin, ...(anchor === undefined ? {} : { anchor }), ...(keyring === undefined ? {} : { keyring }) }
}

// A ledger that goes on keeps its name and the place of its checkpoint log.
function unnamed({ ledger, origin, anchor, keyring }: Options): string {
  if (origin === undefined && anchor === undefined && keyring === undefined) return ledger
  throw new LedgerError('invalid-query', {
    problem: `${origin !== undefined ? '--origin' : anchor === undefined ? '--keyring' : '--anchor'} says nothing with --after-restore: the ledger keeps what it has`,
    cure: 'leave it out',
  })
}
