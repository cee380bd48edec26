import type { Command } from 'commander'

import {
  formatDispositionPapers,
  MAX_PAPERS_BYTES,
  parseDispositionPapers,
} from '../../disposition/disposition-papers.ts'
import { judgePapers } from '../../disposition/judge-papers.ts'
import { createLedgerDispositions } from '../../embedded/disposing.ts'
import { createLedgerErasures } from '../../embedded/erasing.ts'
import type { Place } from '../../embedded/place.ts'
import { viewed } from '../../embedded/viewed.ts'
import { judgeErasurePapers } from '../../erasure/judge-papers.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { parseCheckpointKeyChange } from '../../formats/key-rotation.ts'
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '../../formats/verifier-key.ts'
import type { DispositionStanding } from '../../ledger/disposition-standing.ts'
import type { ErasureStanding } from '../../ledger/erase.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Reader } from '../../ledger/reader.ts'
import { approversOf } from '../approvers.ts'
import { exitCodeOfJudged, type Judged, jsonOfJudged, linesOfJudged, type Replaced } from '../describe-judged.ts'
import { type NewFile, refuseTaken, writeNewFile } from '../new-file.ts'
import { openToRead } from '../open-records.ts'
import {
  addReaderOptions,
  approverOption,
  jsonOption,
  keysOption,
  ledgerOption,
  pinned,
  placeIn,
  type ReaderOptions,
  readerOf,
  vkeyOption,
} from '../options.ts'
import { jsonDocument, type Terminal, table } from '../output.ts'
import { readInput } from '../read-input.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends ReaderOptions {
  readonly ledger?: string
  readonly keys?: string
  readonly out?: string
  readonly check?: string
  readonly vkey: readonly string[]
  readonly approver: readonly string[]
  readonly json?: boolean
}

interface Standing {
  readonly dispositions: readonly DispositionStanding[]
  readonly erasures: readonly ErasureStanding[]
}

export function addCertificates(program: Command, surroundings: Surroundings): void {
  const certificates = program
    .command('certificates')
    .description('List what was erased and destroyed; show and check one certificate, here or without a ledger.')
    .argument('[id]', 'plan_sha256 of an erasure or a disposition, or how it begins')
    .addOption(ledgerOption().makeOptionMandatory(false))
    .addOption(keysOption())
    .option(
      '--out <file>',
      'a new file: all papers of a disposition, to check elsewhere; of an erasure its certificate',
    )
    .option('--check <file>', 'check such papers of a disposition under --vkey and --approver; needs no ledger')
    .addOption(vkeyOption())
    .addOption(approverOption())
  addReaderOptions(certificates)
    .addOption(jsonOption())
    .action(async (id: string | undefined, options: Options) => {
      if (options.check === undefined) {
        await fromLedger(id, options, surroundings)
        return
      }
      if (id !== undefined || options.out !== undefined)
        throw usage('--check reads one file, and looks at no ledger', 'leave out the ID, and --out')
      tell(checked(options.check, options), undefined, options, surroundings)
    })
}

async function fromLedger(id: string | undefined, options: Options, surroundings: Surroundings): Promise<void> {
  const { terminal, env } = surroundings
  if (options.vkey.length > 0) throw usage('--vkey says nothing without --check', 'leave it out')
  if (options.ledger === undefined)
    throw usage('no ledger is named, and no file to check', 'name one: --ledger DIR, or --check FILE')
  const place = placeIn({ ...options, ledger: options.ledger })
  const out: NewFile | undefined = options.out === undefined ? undefined : { option: '--out', path: options.out }
  if (out !== undefined) refuseTaken(out, place.home)
  await using ledger = await openToRead(place)
  const reader = readerOf(options, env)
  const standing = {
    dispositions: await ledger.dispositions.standing(),
    erasures: await ledger.erasures.standing(),
  }
  const rows = rowsOf(standing)
  if (id === undefined) {
    await viewed(ledger, reader, { operation: 'certificates', results: rows.map(({ seq }) => seq) })
    list(standing, rows, options, terminal)
    return
  }
  const approvers = approversOf(options.approver, place.home)
  const { judged, bytes } = await judgedIn(ledger, { place, reader, approvers, ...named(standing, id) })
  if (out !== undefined) writeNewFile(out, bytes)
  tell(judged, await replacedBehind(ledger, judged), options, surroundings)
}

function tell(
  judged: Judged,
  replaced: Replaced | undefined,
  { json }: Options,
  { terminal, exit }: Surroundings,
): void {
  const lines = linesOfJudged(judged, replaced).map((line) => `  ${line}\n`)
  terminal.out(json === true ? jsonDocument(jsonOfJudged(judged, replaced)) : lines.join(''))
  exit(exitCodeOfJudged(judged))
}

interface Row {
  readonly seq: number
  readonly cells: readonly string[]
}

/** Enough to tell plans apart; `certificates` finds a plan by how it begins. */
const BEGINS = 16

function rowsOf({ dispositions, erasures }: Standing): readonly Row[] {
  const rows = [
    ...dispositions.map(({ seq, state, plan_sha256 }) => ({
      seq,
      cells: ['disposition', state, plan_sha256.slice(0, BEGINS)],
    })),
    ...erasures.map(({ decision_seq: seq, state, plan_sha256 }) => ({
      seq,
      cells: ['erasure', state, plan_sha256.slice(0, BEGINS)],
    })),
  ]
  return rows.sort((one, other) => one.seq - other.seq)
}

function list(standing: Standing, rows: readonly Row[], { json }: Options, terminal: Terminal): void {
  const shown = [['SEQ', 'WHAT', 'STATE', 'PLAN'], ...rows.map(({ seq, cells }) => [String(seq), ...cells])]
  if (json === true) terminal.out(jsonDocument(standing))
  else if (rows.length > 0) terminal.out(table(shown, terminal.width))
  else terminal.err('there are none: nothing was erased, and nothing was destroyed\n')
}

interface Named {
  readonly kind: Judged['kind']
  readonly plan_sha256: string
}

function named({ dispositions, erasures }: Standing, id: string): Named {
  const all: Named[] = [
    ...dispositions.map(({ plan_sha256 }) => ({ kind: 'disposition', plan_sha256 }) as const),
    ...erasures.map(({ plan_sha256 }) => ({ kind: 'erasure', plan_sha256 }) as const),
  ]
  const found = all.filter(({ plan_sha256 }) => plan_sha256.startsWith(id))
  const [one] = found
  if (one !== undefined && found.length === 1) return one
  throw new LedgerError('not-found', {
    problem: found.length === 0 ? 'no plan_sha256 on record begins so' : 'several begin so',
    cure: 'affidavit certificates lists them',
  })
}

interface Judging extends Named {
  readonly place: Place
  readonly reader: Reader
  readonly approvers: readonly VerifierKey[]
}

async function judgedIn(
  ledger: Ledger,
  { kind, plan_sha256, place, reader, approvers }: Judging,
): Promise<{ readonly judged: Judged; readonly bytes: Uint8Array | string }> {
  const key = parseVerifierKey(await ledger.verifierKey())
  const keys = 'code' in key ? [] : [key]
  if (kind === 'erasure') {
    const papers = await createLedgerErasures(ledger, place, reader).papers(plan_sha256)
    return { judged: { kind, ...judgeErasurePapers(papers, keys, approvers) }, bytes: papers.certificate }
  }
  const papers = await createLedgerDispositions(ledger, place, reader).papers(plan_sha256)
  return { judged: { kind, ...judgePapers(papers, keys, approvers) }, bytes: formatDispositionPapers(papers) }
}

/** The key that was in force at the outcome, where another one has signed. */
async function replacedBehind(ledger: Ledger, judged: Judged): Promise<Replaced | undefined> {
  if (judged.state === 'does not hold') return undefined
  const behind = { action: 'key_rotated', from_seq: judged.certificate.outcome_seq } as const
  for await (const { seq, details = {} } of ledger.search(behind)) {
    const change = parseCheckpointKeyChange(details)
    if (change !== undefined) return { key: formatVerifierKey(change.oldKey), replaced_at_seq: seq }
  }
  return undefined
}

/** @throws LedgerError `invalid-query` where the file holds no papers, or no key is given */
function checked(file: string, { vkey, approver }: Options): Judged {
  if (vkey.length === 0)
    throw usage('--check needs --vkey KEY: a key inside the file would prove nothing', 'init and log.vkey show it')
  const papers = parseDispositionPapers(readInput('--check', file, MAX_PAPERS_BYTES))
  if (!('code' in papers))
    return { kind: 'disposition', ...judgePapers(papers, pinned(vkey).keys, approversOf(approver)) }
  throw usage(
    `--check: ${file} holds no papers of a disposition (${papers.code})`,
    'affidavit certificates ID --out FILE writes them',
  )
}

function usage(problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem, cure })
}
