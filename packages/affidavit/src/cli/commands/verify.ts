import { readdirSync } from 'node:fs'
import type { Command } from 'commander'

import { isServerUrl } from '../../client/address.ts'
import type { RemoteLedger } from '../../client/remote-ledger.ts'
import { externalAnchor } from '../../embedded/anchors.ts'
import { type Place, placeOf } from '../../embedded/place.ts'
import { expectVerifier, notRecorded, type Recording, recordVerification } from '../../embedded/record-verification.ts'
import type { Part, ToVerify } from '../../embedded/verify-ledger.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { COVER_FILE, LISTED_FILES, STATEMENT_FILE } from '../../formats/export.ts'
import { verifyExport } from '../../verify/export.ts'
import { verifyProof } from '../../verify/proof.ts'
import type { Report } from '../../verify/report.ts'
import { approversOf } from '../approvers.ts'
import { exitCodeOfReport } from '../exit-codes.ts'
import { openOnServer } from '../on-server/open.ts'
import { verifyOnServer } from '../on-server/verify.ts'
import {
  addReaderOptions,
  anchorOption,
  approverOption,
  jsonOption,
  keysOption,
  pinned,
  type ReaderOptions,
  readerOf,
  trustOf,
  vkeyOption,
  wholeNumber,
} from '../options.ts'
import { jsonDocument, progressOn, type Terminal } from '../output.ts'
import { readInput } from '../read-input.ts'
import { renderReport } from '../render-report.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends ReaderOptions {
  readonly conversation?: string
  readonly since?: string
  readonly origin?: string
  readonly vkey: readonly string[]
  readonly anchor: readonly string[]
  readonly archive?: string
  readonly approver: readonly string[]
  readonly threads?: number
  readonly skipIndexes?: boolean
  readonly content?: boolean
  readonly withoutKeys?: boolean
  readonly ledger?: string
  readonly keys?: string
  readonly export?: string
  readonly proof?: string
  readonly entry?: string
  readonly noRecord?: true
  readonly json?: boolean
}

export function addVerify(program: Command, { terminal, env, exit }: Surroundings): void {
  const verify = program
    .command('verify')
    .description(
      'Verify a ledger, a conversation, a range, an export or one proof. Reads; a ledger records that it did.',
    )
    .option(
      '--ledger <dir or url>',
      'the ledger in this folder, in this database, or at https://HOST with AFFIDAVIT_TOKEN',
    )
    .addOption(keysOption())
    .option('--export <dir>', 'an export; needs no ledger')
    .option('--proof <file>', 'a proof file, together with --entry; needs no ledger')
    .option('--entry <file>', 'the exact bytes of the record that the proof is about')
    .option('--conversation <id>', 'one conversation of the ledger alone')
    .option('--since <file>', 'only what came after a checkpoint that you trust')
    .option('--origin <name>', 'an earlier incarnation in this database')
    .addOption(vkeyOption())
    .addOption(anchorOption())
    .option(
      '--archive <place>',
      'its archive, for archived records and their checkpoints (default: that of the settings)',
    )
    .addOption(approverOption())
    .option('--threads <n>', 'threads that read and hash', wholeNumber(1))
    .option('--skip-indexes', 'do not compare the search indexes with the records (faster)')
    .option('--content', 'read every byte of sealed content too, and open it where its keys are')
    .option('--without-keys', 'with --content: open nothing')
    .option('--no-record', 'do not record it in the ledger: for a copy, and for whoever must not write')
  addReaderOptions(verify)
    .addOption(jsonOption())
    .action(async ({ record, ...given }: Options & { readonly record: boolean }) => {
      const options = { ...given, ...fromEnvironment(given, env), ...(record ? {} : { noRecord: true as const }) }
      const remote = await openOnServer({ ...options, ledger: options.ledger ?? '' }, env)
      const report =
        remote === undefined
          ? await verifyWhat(options, terminal, env)
          : await verifyRemote(remote, options, terminal, env)
      terminal.endProgress()
      const recording = await recordingOf(report, options, env)
      terminal.out(options.json === true ? jsonDocument({ ...report, ...recording }) : renderReport(report, terminal))
      if (recording?.recorded === false) terminal.err(`not recorded: ${recording.not_recorded_because}\n`)
      exit(exitCodeOfReport(report))
    })
}

// Whoever verifies an export or a proof has no ledger to record it in.
async function recordingOf(report: Report, options: Options, env: Surroundings['env']): Promise<Recording | undefined> {
  if (options.ledger === undefined) return undefined
  if (options.noRecord === true) return notRecorded('--no-record')
  if (isServerUrl(options.ledger)) return notRecorded('it was done here, on an export that is on record')
  return recordVerification(placeOf(options.ledger, options.keys), report, readerOf(options, env))
}

// The environment names a ledger only where the command line names nothing to verify.
function fromEnvironment({ ledger, export: folder, proof }: Options, env: Surroundings['env']): { ledger?: string } {
  const named = ledger ?? (folder === undefined && proof === undefined ? env.AFFIDAVIT_LEDGER : undefined)
  return named === undefined ? {} : { ledger: named }
}

async function verifyRemote(
  remote: RemoteLedger,
  options: Options,
  terminal: Terminal,
  env: Surroundings['env'],
): Promise<Report> {
  await using ledger = remote
  const names = Object.keys(FLAGS) as (keyof typeof FLAGS)[]
  const ignored = names.find((name) => isGiven(options, name) && !ON_SERVER.includes(name))
  if (ignored !== undefined)
    throw usage(
      `${FLAGS[ignored]} says nothing of a ledger on a server: what it exports is verified here`,
      'leave it out, or verify where the ledger is',
    )
  return verifyOnServer(ledger, options, { env, terminal }, (folder) => verifyExportFolder(folder, options, terminal))
}

/** What is looked at of a ledger on a server, besides --vkey. */
const ON_SERVER: readonly (keyof typeof FLAGS)[] = ['ledger', 'conversation', 'anchor', 'approver', 'as', 'purpose']

async function verifyWhat(options: Options, terminal: Terminal, env: Surroundings['env']): Promise<Report> {
  const subjects = [options.ledger, options.export, options.proof].filter((subject) => subject !== undefined)
  if (subjects.length !== 1) throw usage('name one thing to verify: --ledger DIR, --export DIR, or --proof FILE')
  refuseIgnored(options)
  if (options.withoutKeys === true && options.content !== true)
    throw usage(
      '--without-keys says nothing without --content',
      'leave it out: nothing is opened unless --content asks for it',
    )
  if (options.proof !== undefined) return verifyProofFile(options.proof, options)
  if (options.export !== undefined) return verifyExportFolder(options.export, options, terminal)
  const place = placeOf(options.ledger ?? '', options.keys)
  expectVerifier(place, readerOf(options, env))
  const { verifyLedger } = await import('../../embedded/verify-ledger.ts')
  return verifyLedger(place, await toVerify(place, options, terminal))
}

async function toVerify(place: Place, options: Options, terminal: Terminal): Promise<ToVerify> {
  const { vkey, anchor, origin, archive, approver, content, withoutKeys } = options
  return {
    part: partOf(options, terminal),
    trust: trustOf(vkey),
    anchors: await Promise.all(anchor.map(externalAnchor)),
    approvers: approversOf(approver, place.home),
    content: content !== true ? 'listed' : withoutKeys === true ? 'read' : 'opened',
    keys: withoutKeys === true ? 'unused' : 'used',
    ...(origin === undefined ? {} : { origin }),
    ...(archive === undefined ? {} : { archive }),
  }
}

function partOf({ conversation, since, threads, skipIndexes }: Options, terminal: Terminal): Part {
  if (conversation !== undefined) return { kind: 'conversation', conversation_id: conversation }
  if (since !== undefined) return { kind: 'since', note: Buffer.from(readInput('--since', since)).toString('utf8') }
  return {
    kind: 'whole',
    indexes: skipIndexes === true ? 'skipped' : 'compared',
    onProgress: progressOn(terminal, 'verified'),
    ...(threads === undefined ? {} : { threads }),
  }
}

const WHO = ['as', 'purpose', 'noRecord'] as const

/** What each way to verify looks at, besides --vkey. */
const LOOKS_AT = {
  proof: ['proof', 'entry'],
  export: ['export', 'anchor', 'approver'],
  conversation: [
    'ledger',
    'keys',
    'conversation',
    'origin',
    'anchor',
    'archive',
    'approver',
    'content',
    'withoutKeys',
    ...WHO,
  ],
  since: ['ledger', 'keys', 'since', 'origin', 'anchor', 'archive', 'approver', 'content', 'withoutKeys', ...WHO],
  ledger: [
    'ledger',
    'keys',
    'origin',
    'anchor',
    'archive',
    'approver',
    'threads',
    'skipIndexes',
    'content',
    'withoutKeys',
    ...WHO,
  ],
} as const satisfies Partial<Record<keyof Options, readonly (keyof Options)[]>>

const FLAGS = {
  ledger: '--ledger',
  keys: '--keys',
  export: '--export',
  proof: '--proof',
  entry: '--entry',
  conversation: '--conversation',
  since: '--since',
  origin: '--origin',
  anchor: '--anchor',
  archive: '--archive',
  approver: '--approver',
  threads: '--threads',
  skipIndexes: '--skip-indexes',
  content: '--content',
  withoutKeys: '--without-keys',
  as: '--as',
  purpose: '--purpose',
  noRecord: '--no-record',
} as const satisfies Partial<Record<keyof Options, string>>

// What would not be looked at would seem to have been verified.
function refuseIgnored(options: Options): void {
  const ways = ['proof', 'export', 'conversation', 'since', 'ledger'] as const
  const way = ways.find((name) => options[name] !== undefined) ?? 'ledger'
  const looksAt: readonly string[] = LOOKS_AT[way]
  for (const [name, flag] of Object.entries(FLAGS)) {
    if (isGiven(options, name) && !looksAt.includes(name))
      throw usage(`${flag} says nothing where ${FLAGS[way]} is verified`, 'leave it out')
  }
}

function isGiven(options: Options, name: string): boolean {
  const value: unknown = Reflect.get(options, name)
  return Array.isArray(value) ? value.length > 0 : value !== undefined
}

function verifyProofFile(proof: string, { entry, vkey }: Options): Report {
  if (entry === undefined) throw usage('--proof needs --entry FILE: affidavit show ID --raw writes it')
  if (vkey.length === 0) throw usage('--proof needs --vkey KEY: a key inside the proof would prove nothing')
  const trust = pinned(vkey)
  const [file, record] = [readInput('--proof', proof), readInput('--entry', entry)]
  if (!LIKE_A_PROOF.test(textOf(file))) throw usage(`--proof: ${proof} is no proof file`, 'affidavit prove writes one')
  if (record.length === 0 || LIKE_A_PROOF.test(textOf(record)))
    throw usage(`--entry: ${entry} is no record`, 'affidavit prove --entry writes it, and show ID --raw')
  return verifyProof(file, withoutFinalNewline(record), trust)
}

/** One of the first lines of a proof file: a file with neither is another file, not an altered proof. */
const LIKE_A_PROOF = /^(c2sp\.org\/tlog-proof@|index \d)/m

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

async function verifyExportFolder(folder: string, options: Options, terminal: Terminal): Promise<Report> {
  refuseNoExport(folder)
  const anchors = await Promise.all(options.anchor.map(externalAnchor))
  const approvers = approversOf(options.approver)
  return verifyExport(folder, {
    trust: trustOf(options.vkey),
    anchors,
    approvers,
    onProgress: progressOn(terminal, 'verified'),
  })
}

// A folder with some of an export in it is one that was altered; a folder with nothing of it is another folder.
function refuseNoExport(folder: string): void {
  const parts: readonly string[] = [COVER_FILE, STATEMENT_FILE, ...LISTED_FILES, 'tile']
  if (contentsOf(folder).some((name) => parts.includes(name))) return
  throw usage(
    `--export: ${folder} is no export: it holds no ${COVER_FILE}`,
    'name the folder that affidavit export wrote',
  )
}

function contentsOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') throw usage(`--export: there is no folder ${folder}`)
    // Verification says of a folder that cannot be read that it cannot.
    return [COVER_FILE]
  }
}

// An entry is one line of JSON; the newline that editors and shells end it with is not part of it.
function withoutFinalNewline(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes
}

function usage(problem: string, cure?: string): LedgerError {
  return new LedgerError('invalid-query', cure === undefined ? { problem } : { problem, cure })
}
