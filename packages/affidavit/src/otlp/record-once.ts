// Records of telemetry are there once, however often their items are sent (spec/otlp.md §6). What differs under the same ids is kept too,
// and says so.

import { type LedgerError, unreachable } from '../errors/ledger-error.ts'
import type { AuditRecord, Draft } from '../formats/fields.ts'
import type { Claims } from './claims.ts'
import type { Once } from './setting.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'

export interface Recorded {
  readonly recorded: number
  readonly duplicates: number
  /** Drafts that no ledger would take: why, and of which item. */
  readonly refused: readonly RefusedDraft[]
}

export interface RefusedDraft {
  readonly once: Once
  readonly problem: string
}

/** Records that are looked for at once. */
const CHUNK = 200
/** Whoever is overtaken by another process with the same ids looks again. */
const TRIES = 3

/** Resolves when all are durable. @throws LedgerError where the ledger cannot record: sent again, the same is recorded once */
export async function recordOnce(ledger: TelemetryLedger, claims: Claims, all: readonly Once[]): Promise<Recorded> {
  const claim = await claims.take([...new Set(all.map(({ draft }) => draft.id))])
  try {
    return await recordClaimed(ledger, all)
  } finally {
    claim.letGo()
  }
}

async function recordClaimed(ledger: TelemetryLedger, all: readonly Once[]): Promise<Recorded> {
  let waiting = withoutRepeats(all)
  let [recorded, duplicates] = [0, all.length - waiting.length]
  const refused: RefusedDraft[] = []
  for (let attempt = 1; waiting.length > 0; attempt++) {
    const fresh = await freshOf(ledger, waiting)
    duplicates += waiting.length - fresh.length
    waiting = []
    const outcomes = await ledger.appendMany(fresh.map(({ draft }) => draft))
    for (const [i, outcome] of outcomes.entries()) {
      const { once } = fresh[i] ?? unreachable('a draft was appended and has no outcome')
      if (outcome.state === 'recorded') recorded++
      else if (outcome.state === 'duplicate') duplicates++
      else if (outcome.state === 'refused') {
        if (outcome.error.code === 'id-conflict' && attempt < TRIES) waiting.push(once)
        else refused.push({ once, problem: permanentProblem(outcome.error) })
      }
    }
  }
  return { recorded, duplicates, refused }
}

const PERMANENT: readonly string[] = [
  'invalid-draft',
  'draft-too-large',
  'id-conflict',
  'key-destroyed',
  'recipient-refused',
]

function permanentProblem(error: LedgerError): string {
  if (PERMANENT.includes(error.code)) return `${error.code}: ${error.problem}`
  throw error
}

// Of one request, the first of two that say the same.
function withoutRepeats(all: readonly Once[]): Once[] {
  const seen = new Set<string>()
  return all.filter(({ draft, by }) => {
    const key = by === 'fact' ? draft.id : `${draft.id} ${digestIn(draft)}`
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
}

interface Fresh {
  readonly once: Once
  readonly draft: Draft
}

/** Those that are on no record, in their order, each with the id that it can have. */
async function freshOf(ledger: TelemetryLedger, all: readonly Once[]): Promise<readonly Fresh[]> {
  const fresh: Fresh[] = []
  /** Ids that others have, by those that stand in their place. */
  const moved = new Map<string, string>()
  const taken = new Map<string, Draft>()
  for (let start = 0; start < all.length; start += CHUNK) {
    const chunk = all.slice(start, start + CHUNK)
    const standing = await Promise.all(chunk.map(({ draft }) => ledger.get(draft.id)))
    for (const [i, once] of chunk.entries()) {
      const draft = await draftOf(ledger, once, standing[i] ?? taken.get(once.draft.id))
      if (draft === undefined) continue
      const digest = digestIn(once.draft)
      if (draft.id !== once.draft.id) moved.set(`${once.draft.id} ${digest}`, draft.id)
      const parent_id = moved.get(`${draft.parent_id ?? ''} ${digest}`)
      taken.set(once.draft.id, draft)
      fresh.push({ once, draft: parent_id === undefined ? draft : { ...draft, parent_id } })
    }
  }
  return fresh
}

type Standing = Pick<AuditRecord | Draft, 'details'>

async function draftOf(
  ledger: TelemetryLedger,
  { draft, by }: Once,
  standing: Standing | undefined,
): Promise<(Draft & { readonly id: string }) | undefined> {
  if (standing === undefined) return draft
  if (by === 'fact' || standing.details?.item_digest === digestIn(draft)) return undefined
  const id = ledger.deriveId('otlp', 'beside', draft.id, digestIn(draft))
  if (await ledger.isRecorded(id)) return undefined
  return { ...draft, id, details: besideOf(draft, standing) }
}

/** Told by another emitter of the same span, or by other items of it than those before. */
function besideOf(
  { id, details = {} }: Draft & { readonly id: string },
  standing: Standing,
): NonNullable<Draft['details']> {
  const { tokens, ...rest } = details
  if (standing.details?.told_by !== details.told_by) return { ...details, supplements: id }
  // Counted with the record that stands.
  return { ...rest, ...(tokens === undefined ? {} : { tokens_told: tokens }), conflicts_with: id }
}

function digestIn({ details }: Pick<Draft, 'details'>): string {
  return String(details?.item_digest)
}
