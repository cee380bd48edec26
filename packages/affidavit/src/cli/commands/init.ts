import { existsSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { type Command, Option } from 'commander'

import { databaseFile, keysFolder, readAnchor } from '../../embedded/folder.ts'
import { continueAfterRestore, type InitOptions, initLedger } from '../../embedded/init.ts'
import { keyringPlace, shownKeyring } from '../../embedded/keyring-place.ts'
import type { Place } from '../../embedded/place.ts'
import { type KeyWrapperChoice, readSettings } from '../../embedded/settings.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { formatLedgerUrl, isUrl, parseLedgerUrl } from '../../stores/postgres/url.ts'
import { jsonOption, keysOption, type LedgerOptions, ledgerOption, placeIn } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions {
  readonly origin?: string
  readonly anchor?: string
  readonly keyring?: string
  readonly archive?: string
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
    .addOption(keysOption())
    .option('--origin <name>', 'the name others know the ledger by, like clinic.example/agents')
    .option('--anchor <dir>', 'folder of the checkpoint log, best on another disk or host')
    .option(
      '--keyring <place>',
      'folder of the keyring, or postgres://USER@HOST/DATABASE; best elsewhere, with backups of its own',
    )
    .option(
      '--archive <place>',
      'folder of the archive, best on another disk or host; s3://BUCKET/PREFIX or gs://BUCKET/PREFIX',
    )
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
      const place = placeIn(options)
      if (options.afterRestore !== true) writeFirstPolicy(place.home)
      const anchor = readAnchor(place.home)
      if (options.json === true) {
        const paths = {
          database: recordsAt({ ...place, home: resolve(place.home) }),
          keys: resolve(keysFolder(place.home)),
          keyring: keyringAt(place.home),
          checkpoint_log: resolve(anchor.folder),
        }
        terminal.out(jsonDocument({ origin: made.origin, verifier_key: made.verifierKey, ...paths }))
        return
      }
      terminal.out(`${made.verifierKey}\n`)
      terminal.err(`
  Created the ledger ${terminal.style('bold', made.origin)}
  records         ${recordsAt(place)}
  keys            ${keysFolder(place.home)}  (back them up apart from the records)
  keyring         ${shownKeyring(place.home)}  (back it up apart from the records, and never archive it)
  its key is      ${KEEPERS[readSettings(place.home).key_wrapper?.kind ?? 'file']}
  access policy   ${join(place.home, 'access.yaml')}  (${userInfo().username} may reveal content; everybody may read records)
  checkpoint log  ${join(anchor.folder, 'checkpoints.log')}  (${anchor.kind}${anchor.kind === 'same directory' ? ': --anchor DIR keeps it elsewhere' : ''})
${archiveLine(place)}
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

function recordsAt({ home, database }: Place): string {
  return database === undefined ? databaseFile(home) : formatLedgerUrl(database)
}

function archiveLine({ home }: Place): string {
  const { archive } = readSettings(home)
  return archive === undefined ? '' : `  archive         ${archive}\n`
}

function keyringAt(home: string): string {
  const place = keyringPlace(home)
  return place.kind === 'file' ? resolve(place.file) : shownKeyring(home)
}

// Whoever makes a ledger is its first privacy officer; who else may do what is theirs to write. One that is there is of
// whoever made this ledger before, and was interrupted.
function writeFirstPolicy(folder: string): void {
  if (existsSync(join(folder, 'access.yaml'))) return
  const policy = `affidavit_access: 1
revision: first
people:
  ${JSON.stringify(userInfo().username)}: { roles: [privacy_officer, operator] }
everybody_else: [reader]
`
  writeFileSync(join(folder, 'access.yaml'), policy, { flag: 'wx' })
}

function named(options: Options): InitOptions {
  const { ledger, keys, anchor, keyring, archive } = options
  const origin = options.origin ?? (isUrl(ledger) ? parseLedgerUrl(ledger).ledger : undefined)
  const keyWrapper = keyWrapperOf(options)
  if (origin === undefined)
    throw new LedgerError('invalid-origin', {
      problem: 'init needs --origin NAME',
      cure: 'for example: --origin clinic.example/agents',
    })
  return {
    origin,
    ...(keys === undefined ? {} : { keys }),
    ...(anchor === undefined ? {} : { anchor }),
    ...(keyring === undefined ? {} : { keyring }),
    ...(archive === undefined ? {} : { archive }),
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
function unnamed(options: Options): Place {
  const { origin, anchor, keyring, archive, keyWrapper, pkcs11Module, pkcs11Token } = options
  const kept = {
    '--origin': origin,
    '--anchor': anchor,
    '--keyring': keyring,
    '--archive': archive,
    '--key-wrapper': keyWrapper,
    '--pkcs11-module': pkcs11Module,
    '--pkcs11-token': pkcs11Token,
  }
  const said = Object.entries(kept).find(([, value]) => value !== undefined)
  if (said === undefined) return placeIn(options)
  throw new LedgerError('invalid-query', {
    problem: `${said[0]} says nothing with --after-restore: the ledger keeps what it has`,
    cure: 'leave it out',
  })
}
