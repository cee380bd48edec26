// What a ledger knows of its records that decides how long they are kept (spec/retention.md §3): late facts, versions that were replaced, and holds.
// It grows with these, and not with the records.

import { parseTimestamp } from '../clock/clock.ts'
import { type AuditRecord, LATE_ACTIONS } from '../formats/fields.ts'
import { anchorsIn } from '../links/anchors.ts'
import { amendmentsOf, effectiveClassification } from '../links/effective.ts'
import { factsOf, type Placed } from '../links/facts.ts'
import { holdsIn, type PlacedHold } from '../links/holds.ts'
import type { CalendarDay } from '../retention/calendar.ts'
import type { JudgedRecord, KnownAnchors } from '../retention/judgement.ts'
import type { Anchor } from '../retention/policy.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import type { EntryFilter } from './store.ts'

/** A record of which no hash was computed. */
export type ReadRecord = Omit<AuditRecord, 'integrity_hash'>

export interface RetentionKnowledge {
  /** The record as late facts leave it. */
  judged(record: ReadRecord): JudgedRecord
  anchors(record: ReadRecord): KnownAnchors
  /** Those that stand and bind it. */
  holds(record: ReadRecord): readonly PlacedHold[]
  /** What said so: the seqs of facts about it, and of the version that replaced it. */
  sources(record: ReadRecord): readonly number[]
}

type Find = (...filters: readonly EntryFilter[]) => AsyncIterable<AuditRecord>

/** Records of versions: the next one says until when the one before was in effect. */
export const VERSIONS = ['prompt_changed', 'model_changed', 'policy_changed'] as const
const HOLDS = ['hold_placed', 'hold_released'] as const

/** `find`: records that one of the filters finds, each once, in the order of seq, as of one moment. */
export async function gatherRetentionKnowledge(find: Find, { calendar }: PolicySet): Promise<RetentionKnowledge> {
  const late = await all(find(...LATE_ACTIONS.map((action) => ({ action }))))
  const { facts } = factsOf(late)
  const about = Map.groupBy(facts.filter(hasParent), ({ parent_id }) => parent_id)
  const hasAnchors = facts.some(({ action }) => action === 'retention_anchor_recorded')
  const recordedOn = anchorsIn(facts)
  const { standing, holdsOn } = holdsIn(await all(find(...HOLDS.map((action) => ({ action })))), facts)
  const replacedBy = await replacements(find)
  const recordedAt = instantsInTurn()

  function factsAbout({ id }: ReadRecord): readonly Placed[] {
    return about.get(id) ?? NONE
  }

  return {
    judged(record) {
      const known = factsAbout(record)
      const counts = known.length === 0 ? record : effectiveClassification(hashless(record), known)
      const amended = known.length === 0 ? [] : amendmentsOf(hashless(record), known)
      return {
        action: record.action,
        timestamp: instantOf(record.timestamp),
        recorded_at: recordedAt(record.recorded_at),
        retention_class: counts.retention_class,
        compliance_domains: counts.compliance_domains ?? NONE,
        resource_type:
          amended.findLast(({ amends }) => amends.resource_type !== undefined)?.amends.resource_type ??
          record.resource_type,
        has_content: record.content !== undefined,
      }
    },
    anchors(record) {
      const replacement = replacedBy(record)
      if (!hasAnchors && replacement === undefined) return UNKNOWN
      const known = new Map<Anchor, CalendarDay | 'open'>(
        hasAnchors ? recordedOn(record).map(({ anchor, day }) => [anchor, day]) : [],
      )
      if (replacement !== undefined) known.set('last_in_effect', calendar.dayOf(replacement.at))
      return known
    },
    holds: (record) => (standing.length === 0 ? NONE : holdsOn(record)),
    sources(record) {
      const anchors = hasAnchors ? recordedOn(record).map(({ by }) => by) : []
      const replacement = replacedBy(record)
      const seqs = [
        ...factsAbout(record).map(({ seq }) => seq),
        ...anchors,
        ...(replacement === undefined ? [] : [replacement.seq]),
      ]
      return [...new Set(seqs)].sort((one, other) => one - other)
    },
  }
}

const NONE: readonly never[] = []
const UNKNOWN: KnownAnchors = new Map()

function hasParent(fact: Placed): fact is Placed & { readonly parent_id: string } {
  return 'parent_id' in fact
}

// What facts say of a record does not rest on its hash.
function hashless(record: ReadRecord): AuditRecord {
  return { ...record, integrity_hash: '' }
}

interface Replacement {
  readonly seq: number
  readonly at: number
}

/** The next version of the same agent’s prompt or model, or of the same policy. */
async function replacements(find: Find): Promise<(record: ReadRecord) => Replacement | undefined> {
  const versions = new Map<string, Replacement[]>()
  for await (const record of find(...VERSIONS.map((action) => ({ action })))) {
    const of = versionedBy(record)
    if (of === undefined) continue
    const at = Math.max(instantOf(record.timestamp), instantOf(record.recorded_at))
    const known = versions.get(of)
    if (known === undefined) versions.set(of, [{ seq: record.seq, at }])
    else known.push({ seq: record.seq, at })
  }
  return (record) => {
    const of = versionedBy(record)
    return of === undefined ? undefined : versions.get(of)?.find(({ seq }) => seq > record.seq)
  }
}

/** What a record is a version of; `undefined` where it is none, or does not say of what. */
function versionedBy({ action, resource_type, resource_id, details }: ReadRecord): string | undefined {
  if (action === 'policy_changed')
    return typeof details?.policy === 'string' ? JSON.stringify([action, details.policy]) : undefined
  if (action !== 'prompt_changed' && action !== 'model_changed') return undefined
  return resource_id === undefined ? undefined : JSON.stringify([action, resource_type ?? '', resource_id])
}

// Entries have the one spelling that is an instant.
function instantOf(text: string): number {
  return parseTimestamp(text) ?? Number.NaN
}

// Records of one batch were recorded at one instant.
function instantsInTurn(): (text: string) => number {
  let newest = { text: '', at: Number.NaN }
  return (text) => {
    if (text !== newest.text) newest = { text, at: instantOf(text) }
    return newest.at
  }
}

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}
