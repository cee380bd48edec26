import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { type Command, Option } from 'commander'

import { databaseFile, keysFolder, readAnchor } from '../../embedded/folder.ts'
import { continueAfterRestore, type InitOptions, initLedger } from '../../embedded/init.ts'
import { keyringFile } from '../../embedded/keyring.ts'
import { type KeyWrapperChoice, readSettings } from '../../embedded/settings.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { jsonOption, ledgerOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly ledger: string
  readonly origin?: string
  readonly anchor?: string
  readonly keyring?: string
  readonly keyWrapper?: KeyWrapperChoice['kind']
  readonly pkcs11Module?: string
  readonly pkcs11Token?: string
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
    .addOption(
      new Option('--key-wrapper <kind>', 'who keeps the key-encryption keys of the keyring (default: file)').choices([
        'file',
        'environment',
        'aws_kms',
        'pkcs11',
      ]),
    )
    .option('--pkcs11-module <file>', 'with pkcs11: the library of the token’s maker')
    .option('--pkcs11-token <label>', 'with pkcs11: the label of the token')
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
  its key is      ${KEEPERS[readSettings(options.ledger).key_wrapper?.kind ?? 'file']}
  access policy   ${join(options.ledger, 'access.yaml')}  (${userInfo().username} may reveal content; everybody may read records)
  checkpoint log  ${join(anchor.folder, 'checkpoints.log')}  (${anchor.kind}${anchor.kind === 'same directory' ? ': --anchor DIR keeps it elsewhere' : ''})

  The line above is the verifier key. Give it to your auditor now: pinned, it shows that nobody else signed.
`)
    })
}

const KEEPERS: Readonly<Record<KeyWrapperChoice['kind'], string>> = {
  file: 'in kek/ of the keys',
  environment: 'made of AFFIDAVIT_KEK and what is in kek/ of the keys',
  aws_kms: 'in AWS KMS',
  pkcs11: 'in the PKCS#11 token',
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

function named(options: Options): InitOptions {
  const { origin, anchor, keyring } = options
  const keyWrapper = keyWrapperOf(options)
  if (origin === undefined)
    throw new LedgerError('invalid-origin', {
      problem: 'init needs --origin NAME',
      cure: 'for example: --origin clinic.example/agents',
    })
  return {
    origin,
    ...(anchor === undefined ? {} : { anchor }),
    ...(keyring === undefined ? {} : { keyring }),
    ...(keyWrapper === undefined ? {} : { keyWrapper }),
  }
}

function keyWrapperOf({
  keyWrapper: kind,
  pkcs11Module: module,
  pkcs11Token: token,
}: Options): KeyWrapperChoice | undefined {
  if (kind !== 'pkcs11') {
    if (module === undefined && token === undefined) return kind === undefined ? undefined : { kind }
    throw new LedgerError('invalid-query', {
      problem: `${module === undefined ? '--pkcs11-token' : '--pkcs11-module'} says nothing without --key-wrapper pkcs11`,
      cure: 'leave it out, or add that',
    })
  }
  if (module !== undefined && module !== '' && token !== undefined && token !== '')
    return { kind, module: libraryPath(module), token }
  throw new LedgerError('invalid-query', {
    problem: `--key-wrapper pkcs11 needs ${module === undefined || module === '' ? '--pkcs11-module FILE' : '--pkcs11-token LABEL'}`,
    cure: 'for example: --pkcs11-module /usr/lib/softhsm/libsofthsm2.so --pkcs11-token agents, and AFFIDAVIT_PKCS11_PIN',
  })
}

// A name alone is looked for where the system keeps its libraries.
function libraryPath(module: string): string {
  return module.includes(sep) ? resolve(module) : module
}

// A ledger that goes on keeps its name and its places.
function unnamed({ ledger, origin, anchor, keyring, keyWrapper, pkcs11Module, pkcs11Token }: Options): string {
  const kept = {
    '--origin': origin,
    '--anchor': anchor,
    '--keyring': keyring,
    '--key-wrapper': keyWrapper,
    '--pkcs11-module': pkcs11Module,
    '--pkcs11-token': pkcs11Token,
  }
  const said = Object.entries(kept).find(([, value]) => value !== undefined)
  if (said === undefined) return ledger
  throw new LedgerError('invalid-query', {
    problem: `${said[0]} says nothing with --after-restore: the ledger keeps what it has`,
    cure: 'leave it out',
  })
}
