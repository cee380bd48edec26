// What the records of a ledger tell of entries that were destroyed (spec/disposition.md §7): under which disposition one went, and by
// whose leave. Pure: `records_disposed` in, answers out.

import type { JsonValue } from '../bytes/json.ts'
import { parseTimestamp } from '../clock/clock.ts'
import type { DestroyedEntry } from '../formats/destroyed-line.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { type Authority, authorityOf } from './authority.ts'
import { type ListedRecord, manifestDigest, parseManifest } from './manifest.ts'
import { type PaperPart, paperOf } from './paper-parts.ts'
import { type Announcement, type Decision, type DispositionDetails, parseDispositionDetails } from './phases.ts'

/** A record `records_disposed`, as its entry has it. */
export interface DispositionRecord {
  readonly seq: number
  readonly timestamp: string
  readonly recorded_at: string
  readonly details: JsonValue
}

export type Disposal =
  | (Exclude<Authority, { state: 'none' }> & { readonly decision_seq: number })
  | { readonly state: 'none'; readonly because: NoDisposal }

export type NoDisposal =
  | Extract<Authority, { state: 'none' }>['because']
  /** No decision on record names the manifest, or the one that does was withdrawn. */
  | 'not-decided'
  | 'manifest-missing'
  | 'manifest-altered'
  /** It lists no record at this seq with this leaf hash. */
  | 'not-listed'
  /** It lists the record under another id, time or place in a conversation than its stub shows. */
  | 'listed-otherwise'

export interface Disposals {
  /** By what leave an entry went. */
  of(entry: DestroyedEntry): Disposal
}

interface Told<Details> {
  readonly told: Details
  readonly seq: number
  readonly timestamp: string
  readonly recorded_at: string
}

interface Decided {
  readonly authority: Authority
  readonly decision_seq: number
  /** By seq. `missing`: no record holds the manifest. */
  readonly listed: ReadonlyMap<number, ListedRecord> | 'missing' | 'altered'
}

/** `approvers`: keys that whoever verifies has pinned. What is not in the form of this release is passed over. */
export function disposalsIn(
  ledger: string,
  records: Iterable<DispositionRecord>,
  approvers: readonly VerifierKey[],
): Disposals {
  const told = [...records].flatMap(({ details, ...at }) => {
    const read = parseDispositionDetails(details)
    return read === undefined ? [] : [{ told: read, ...at }]
  })
  const papers = papersIn(told)
  const byManifest = new Map<string, () => Decided>()
  for (const decided of told.filter(isDecision)) {
    if (isWithdrawn(decided, told)) continue
    const decide = once(() => decidedBy(ledger, decided, told, papers, approvers))
    if (!byManifest.has(decided.told.manifest_sha256)) byManifest.set(decided.told.manifest_sha256, decide)
  }
  return { of: (entry) => disposalOf(byManifest.get(entry.manifest)?.(), entry) }
}

function disposalOf(decided: Decided | undefined, entry: DestroyedEntry): Disposal {
  if (decided === undefined) return { state: 'none', because: 'not-decided' }
  const { authority, decision_seq, listed } = decided
  if (listed === 'missing') return { state: 'none', because: 'manifest-missing' }
  if (listed === 'altered') return { state: 'none', because: 'manifest-altered' }
  const record = listed.get(entry.seq)
  if (entry.seq >= decision_seq || record?.integrity_hash !== entry.integrity_hash)
    return { state: 'none', because: 'not-listed' }
  if (SHOWN.some((name) => record[name] !== entry[name])) return { state: 'none', because: 'listed-otherwise' }
  return authority.state === 'none' ? authority : { ...authority, decision_seq }
}

const SHOWN = ['id', 'recorded_at', 'conversation_id', 'conversation_seq'] as const

type AnyTold = Told<DispositionDetails>

function isDecision(one: AnyTold): one is Told<Decision> {
  return one.told.phase === 'decided'
}

function isAnnouncement(one: AnyTold): one is Told<Announcement> {
  return one.told.phase === 'announced'
}

// A withdrawal that came behind the end of the rows has an outcome behind it.
function isWithdrawn({ seq }: Told<Decision>, told: readonly AnyTold[]): boolean {
  const ends = told.filter((one) => 'decision_seq' in one.told && one.told.decision_seq === seq)
  return ends.length > 0 && ends.every((one) => one.told.phase === 'withdrawn')
}

type ReadPaper = (sha256: string) => Uint8Array | undefined

function papersIn(told: readonly AnyTold[]): ReadPaper {
  const parts = new Map<string, PaperPart[]>()
  for (const { told: one } of told) {
    if (one.phase !== 'paper') continue
    const known = parts.get(one.sha256) ?? []
    // Where a ledger goes on after a restore, both may hold it.
    if (!known.some(({ part }) => part === one.part)) parts.set(one.sha256, [...known, one])
  }
  return (sha256) => paperOf(parts.get(sha256) ?? [])
}

function decidedBy(
  ledger: string,
  { told: decision, seq, timestamp }: Told<Decision>,
  told: readonly AnyTold[],
  paper: ReadPaper,
  approvers: readonly VerifierKey[],
): Decided {
  const announced = told.filter(isAnnouncement).find((one) => isOf(decision, one))
  const authority = authorityOf(
    {
      ledger,
      decision,
      decided_at: parseTimestamp(timestamp) ?? 0,
      plan: paper(decision.plan_sha256),
      approval: 'approval_sha256' in decision ? paper(decision.approval_sha256) : undefined,
      announced: announced && { announcement: announced.told, at: parseTimestamp(announced.recorded_at) ?? 0 },
    },
    approvers,
  )
  return { authority, decision_seq: seq, listed: listedIn(paper(decision.manifest_sha256), decision.manifest_sha256) }
}

function isOf(decision: Decision, { seq }: Told<Announcement>): boolean {
  return 'announced_seq' in decision && decision.announced_seq === seq
}

function listedIn(bytes: Uint8Array | undefined, sha256: string): Decided['listed'] {
  if (bytes === undefined) return 'missing'
  const manifest = parseManifest(bytes)
  if ('code' in manifest || manifestDigest(bytes) !== sha256) return 'altered'
  return new Map(manifest.records.map((record) => [record.seq, record]))
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
