// The records of dispositions (spec/disposition.md §5): how they are drafted, and how they are found again. Papers lie in them, in
// parts.

import type { JsonValue } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import type { ArchivedObject } from '../disposition/archived-objects.ts'
import type { DispositionPapers } from '../disposition/disposition-papers.ts'
import type { Manifest } from '../disposition/manifest.ts'
import { manifestDigest, parseManifest } from '../disposition/manifest.ts'
import { type PaperPart, paperOf, partsOf } from '../disposition/paper-parts.ts'
import {
  type Announcement,
  type Decision,
  type DispositionDetails,
  type DispositionReplay,
  isReplay,
  type Outcome,
  parseDispositionDetails,
  type Withdrawal,
} from '../disposition/phases.ts'
import { type DispositionPlan, parsePlan, planDigest } from '../disposition/plan.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { readPages, recordOf } from './read.ts'
import type { LedgerStore } from './store.ts'

/** Something of a disposition, and where it stands. */
export interface Told<Details> {
  readonly told: Details
  readonly seq: number
  readonly timestamp: string
  readonly recorded_at: string
}

/** A disposition as the records tell it. */
export interface RecordedDisposition {
  readonly plan_sha256: string
  readonly announced: Told<Announcement> | undefined
  readonly decided: Told<Decision> | undefined
  /** The newest one. */
  readonly outcome: Told<Outcome> | undefined
  /** Of the first outcome: every object of the archive that was to go when the rows were gone. */
  readonly objects: readonly ArchivedObject[] | undefined
  readonly withdrawn: Told<Withdrawal> | undefined
}

export interface DispositionRecords {
  /** In the order in which they were first told of. */
  readonly dispositions: readonly RecordedDisposition[]
  /** Of earlier incarnations, destroyed again here: the newest record of each. */
  readonly replays: readonly Told<DispositionReplay>[]
  /** Seqs of the parts of each paper, by its digest. */
  readonly papers: ReadonlyMap<string, readonly number[]>
}

type DeriveId = (...words: readonly string[]) => string

/** What is told twice is one record. */
export function dispositionDraft(deriveId: DeriveId, details: DispositionDetails): Draft {
  return {
    actor_id: 'affidavit',
    actor_type: 'system',
    data_classification: 'internal',
    id: deriveId('records_disposed', ...wordsOf(details)),
    action: 'records_disposed',
    outcome: 'success',
    details: { ...details },
  }
}

function wordsOf(details: DispositionDetails): readonly string[] {
  const { phase } = details
  if (phase === 'paper') return [phase, details.sha256, String(details.part)]
  if (phase === 'announced' || phase === 'decided') return [phase, details.plan_sha256]
  if (phase === 'withdrawn') return [phase, details.plan_sha256, String(details.decision_seq)]
  if (isReplay(details)) return [phase, details.plan_sha256]
  const standing = details.objects.map(({ key, locked_until }) => `${key} ${locked_until}`)
  return [phase, details.plan_sha256, String(details.decision_seq), ...standing]
}

export function paperDrafts(deriveId: DeriveId, paper: Uint8Array, sha256: string): readonly Draft[] {
  return partsOf(paper, sha256).map((part) => dispositionDraft(deriveId, part))
}

/** Everything that was recorded of dispositions. */
export async function readDispositions(store: LedgerStore, ledger: string): Promise<DispositionRecords> {
  const dispositions = new Map<string, RecordedDisposition>()
  const papers = new Map<string, number[]>()
  const replays = new Map<string, Told<DispositionReplay>>()
  for await (const one of readTold(store, ledger)) {
    if (one.told.phase === 'paper') {
      const { sha256 } = one.told
      papers.set(sha256, [...(papers.get(sha256) ?? []), one.seq])
    } else if (isReplay(one.told)) {
      replays.set(one.told.plan_sha256, { ...one, told: one.told })
    } else {
      const { plan_sha256 } = one.told
      const before = dispositions.get(plan_sha256) ?? {
        ...{
          plan_sha256,
          announced: undefined,
          decided: undefined,
          outcome: undefined,
          withdrawn: undefined,
          objects: undefined,
        },
      }
      dispositions.set(plan_sha256, withTold(before, one))
    }
  }
  return { dispositions: [...dispositions.values()], replays: [...replays.values()], papers }
}

async function* readTold(store: LedgerStore, ledger: string): AsyncGenerator<Told<DispositionDetails>> {
  for await (const entry of readPages(store, ledger, { action: 'records_disposed' })) {
    const { seq, timestamp, recorded_at, details } = recordOf(entry)
    // An entry is JSON, and so is every member of it.
    const told = parseDispositionDetails((details ?? null) as JsonValue)
    if (told !== undefined) yield { told, seq, timestamp, recorded_at }
  }
}

// Of announcement and decision the first counts; an outcome, or the end of one, is of that decision.
function withTold(before: RecordedDisposition, { told, ...at }: Told<DispositionDetails>): RecordedDisposition {
  if (told.phase === 'announced') return { ...before, announced: before.announced ?? { told, ...at } }
  if (told.phase === 'decided') return { ...before, decided: before.decided ?? { told, ...at } }
  if (told.phase === 'paper' || isReplay(told) || told.decision_seq !== before.decided?.seq) return before
  return told.phase === 'withdrawn'
    ? { ...before, withdrawn: { told, ...at } }
    : { ...before, outcome: { told, ...at }, objects: before.objects ?? told.objects }
}

/** The bytes of a paper by its digest; `undefined` where no record holds it whole. Whoever reads it holds it against the digest. */
export async function readPaper(
  store: LedgerStore,
  ledger: string,
  { papers }: DispositionRecords,
  sha256: string,
): Promise<Uint8Array | undefined> {
  const parts: PaperPart[] = []
  for (const seq of papers.get(sha256) ?? []) {
    const [entry] = await store.entries(ledger, { from_seq: seq, until_seq: seq + 1 }, { limit: 1, order: 'ascending' })
    const told = entry && parseDispositionDetails((recordOf(entry).details ?? null) as JsonValue)
    if (told?.phase === 'paper') parts.push(told)
  }
  return paperOf(parts)
}

/** What was decided, by its papers. */
export interface DecidedPapers {
  readonly plan: DispositionPlan
  readonly manifest: Manifest
}

/** @throws LedgerError `store-corrupt` where the records do not hold them any more */
export async function openPapers(
  store: LedgerStore,
  ledger: string,
  records: DispositionRecords,
  { told, seq }: Told<Decision>,
): Promise<DecidedPapers> {
  const read = (sha256: string): Promise<Uint8Array | undefined> => readPaper(store, ledger, records, sha256)
  const planned = await read(told.plan_sha256)
  const plan = planned && parsePlan(planned)
  const listed = await read(told.manifest_sha256)
  const manifest = listed && parseManifest(listed)
  const isWhole = plan !== undefined && manifest !== undefined && !('code' in plan) && !('code' in manifest)
  if (isWhole && planDigest(plan) === told.plan_sha256 && listed && manifestDigest(listed) === told.manifest_sha256)
    return { plan, manifest }
  throw new LedgerError('store-corrupt', {
    problem: `the papers of the disposition at seq ${seq} are not those that were decided`,
    cure: 'run affidavit verify: it says what was changed',
  })
}

/** The papers of a decision as texts, for whoever judges them. @throws LedgerError `store-corrupt` where one is in no record */
export async function decidedTexts(
  store: LedgerStore,
  ledger: string,
  records: DispositionRecords,
  { told, seq }: Told<Decision>,
): Promise<Omit<DispositionPapers, 'certificate'>> {
  async function textOf(sha256: string): Promise<string> {
    const text = decodeUtf8((await readPaper(store, ledger, records, sha256)) ?? new Uint8Array())
    if (text !== undefined && text !== '') return text
    throw new LedgerError('store-corrupt', {
      problem: `a paper of the disposition at seq ${seq} is in no record any more`,
      cure: 'run affidavit verify: it says what was changed',
    })
  }
  return {
    plan: await textOf(told.plan_sha256),
    manifest: await textOf(told.manifest_sha256),
    approval: 'approval_sha256' in told ? await textOf(told.approval_sha256) : '',
  }
}
