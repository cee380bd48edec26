// The records of erasures (spec/erasure.md §4): how they are drafted, and how they are found again. Plan and approval are sealed
// as content of the decision, the copies as content of the outcome.

import { canonicalJson, type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { type ErasureDecision, type ErasureOutcome, parseErasureDetails } from '../erasure/phases.ts'
import { type ErasurePlan, formatPlan, parsePlan } from '../erasure/plan.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { AuditRecord, Draft } from '../formats/fields.ts'
import type { Copy } from '../papers/copies.ts'
import type { Keyring } from '../vault/keyring.ts'
import { openContent, wholeBody } from './open-content.ts'
import { readPages, recordOf } from './read.ts'
import type { LedgerStore } from './store.ts'

/** An erasure as the records tell it. */
export interface DecidedErasure {
  readonly decision: ErasureDecision
  /** The newest one. */
  readonly decided: AuditRecord
  readonly outcome: ErasureOutcome | undefined
  readonly recorded: AuditRecord | undefined
}

/** What it takes to decide: both papers, byte for byte. */
export interface Papers {
  readonly plan: ErasurePlan
  readonly approval: Uint8Array
}

export interface RecordParts {
  readonly store: LedgerStore
  readonly ledger: string
  readonly keyring: Keyring
}

const OWN = { actor_id: 'affidavit', actor_type: 'system', data_classification: 'internal' } as const

type DeriveId = (...words: readonly string[]) => string

/** What is decided twice about the same keys is one record. */
export function decisionRecord(deriveId: DeriveId, { plan, approval }: Papers, decision: ErasureDecision): Draft {
  const { plan_sha256, keyring_generation } = decision
  return {
    ...OWN,
    id: deriveId('content_erased', plan_sha256, String(keyring_generation)),
    action: 'content_erased',
    outcome: 'success',
    details: { ...decision },
    content: [
      { name: 'approval', media_type: 'text/plain', body: approval },
      { name: 'plan', media_type: 'application/json', body: formatPlan(plan) },
    ],
  }
}

export function outcomeRecord(deriveId: DeriveId, outcome: ErasureOutcome, copies: readonly Copy[]): Draft {
  const { plan_sha256, decision_seq, phase } = outcome
  const body = canonicalJson(
    copies.map(({ kind, where, state }) => ({ kind, where, state })),
    PLAIN_JSON,
  )
  return {
    ...OWN,
    id: deriveId('content_erased', plan_sha256, String(decision_seq), phase, body),
    action: 'content_erased',
    outcome: 'success',
    details: { ...outcome },
    content: [{ name: 'copies', media_type: 'application/json', body }],
  }
}

/** Every erasure that was decided, in the order of the decisions. Where one was decided anew, the newest decision counts. */
export async function readErasures(store: LedgerStore, ledger: string): Promise<readonly DecidedErasure[]> {
  const erasures = new Map<string, DecidedErasure>()
  for await (const entry of readPages(store, ledger, { action: 'content_erased' })) {
    const record = recordOf(entry)
    // An entry is JSON, and so is every member of it.
    const told = parseErasureDetails((record.details ?? null) as JsonValue)
    if (told === undefined || told.phase === 'ending-keys' || told.phase === 'ended-keys') continue
    if (told.phase === 'decided') {
      erasures.delete(told.plan_sha256)
      erasures.set(told.plan_sha256, { decision: told, decided: record, outcome: undefined, recorded: undefined })
      continue
    }
    const standing = erasures.get(told.plan_sha256)
    if (standing === undefined || standing.decided.seq !== told.decision_seq) continue
    erasures.set(told.plan_sha256, { ...standing, outcome: told, recorded: record })
  }
  return [...erasures.values()]
}

/** The newest outcome of any erasure, or end of keys: where it stands, and the generation of the keyring then. */
export async function newestOutcome(
  store: LedgerStore,
  ledger: string,
): Promise<{ readonly seq: number; readonly keyring_generation: number } | undefined> {
  for await (const entry of readPages(store, ledger, { action: 'content_erased' }, { order: 'descending' })) {
    const { seq, details } = recordOf(entry)
    // An entry is JSON, and so is every member of it.
    const told = parseErasureDetails((details ?? null) as JsonValue)
    if (told !== undefined && told.phase !== 'decided' && told.phase !== 'ending-keys')
      return { seq, keyring_generation: told.keyring_generation }
  }
  return undefined
}

/** @throws LedgerError `store-corrupt` where the decision does not hold them any more */
export async function openPapers(parts: RecordParts, { decided }: DecidedErasure): Promise<Papers> {
  const plan = parsePlan(await bodyOf(parts, decided, 'plan'))
  if ('code' in plan) throw withoutPapers(decided)
  return { plan, approval: await bodyOf(parts, decided, 'approval') }
}

/** Copies in their newest states: of the outcome, or of the plan before there is one. */
export async function readCopies(parts: RecordParts, erasure: DecidedErasure): Promise<readonly Copy[]> {
  const { recorded } = erasure
  if (recorded === undefined) return (await openPapers(parts, erasure)).plan.copies
  const text = decodeUtf8(await bodyOf(parts, recorded, 'copies')) ?? ''
  // The ledger's own words, under the hash of their entry: as outcomeRecord wrote them.
  return parseJson(text, PLAIN_JSON) as unknown as readonly Copy[]
}

async function bodyOf(parts: RecordParts, record: AuditRecord, name: string): Promise<Uint8Array> {
  const reference = record.content?.find((one) => one.name === name)
  const opened = reference === undefined ? undefined : await openContent(parts, record, reference)
  if (opened?.state !== 'opened') throw withoutPapers(record)
  return wholeBody(opened.body)
}

function withoutPapers({ seq }: AuditRecord): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: `the papers of the erasure at seq ${seq} do not open`,
    cure: 'run affidavit verify --content; bring the keyring back that belongs to this ledger',
  })
}
