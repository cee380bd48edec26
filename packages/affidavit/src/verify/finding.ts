// Everything that can be found wrong (spec/verification.md §2). One code per cause; a finding says where, in the words
// of whoever looks for it. Verification never throws on data, however hostile: it finds.

export type Axis = 'content' | 'order' | 'completeness' | 'signer' | 'time' | 'anchor'

/** `tampered`: no honest history looks so. `incomplete`: something is missing that an honest history can lack too. */
export type Weight = 'tampered' | 'incomplete'

export type FindingCode =
  | 'entry-altered'
  | 'entry-not-json'
  | 'entry-not-canonical'
  | 'entry-not-v1'
  | 'node-altered'
  | 'stub-altered'
  | 'archived-altered'
  | 'archived-unrecorded'
  | 'archived-not-read'
  | 'disposal-unauthorised'
  | 'disposal-not-checked'
  | 'hold-release-unauthorised'
  | 'hold-release-not-checked'
  | 'columns-altered'
  | 'subjects-altered'
  | 'payload-uses-altered'
  | 'payload-missing'
  | 'payload-altered'
  | 'content-key-altered'
  | 'content-unopenable'
  | 'content-commitment-mismatch'
  | 'content-unavailable'
  | 'erased-content-opens'
  | 'index-altered'
  | 'schema-altered'
  | 'database-unreadable'
  | 'stray-row'
  | 'segment-missing'
  | 'segment-altered'
  | 'segment-unopened'
  | 'tile-altered'
  | 'tile-missing'
  | 'file-missing'
  | 'file-altered'
  | 'cover-altered'
  | 'cover-unknown'
  | 'stray-file'
  | 'wrong-ledger'
  | 'wrong-seq'
  | 'chain-broken'
  | 'time-reversed'
  | 'conversation-broken'
  | 'entry-missing'
  | 'entry-surplus'
  | 'ledger-without-entries'
  | 'predecessor-missing'
  | 'restored-older'
  | 'tail-cut'
  | 'producer-gap'
  | 'not-covered'
  | 'signer-file-altered'
  | 'statement-altered'
  | 'key-mismatch'
  | 'checkpoint-unreadable'
  | 'checkpoint-misplaced'
  | 'foreign-checkpoint'
  | 'foreign-signature'
  | 'signature-invalid'
  | 'no-trusted-signature'
  | 'key-not-in-force'
  | 'since-untrusted'
  | 'no-checkpoint'
  | 'wrong-origin'
  | 'root-mismatch'
  | 'proof-invalid'
  | 'anchor-mismatch'
  | 'anchor-unreadable'
  | 'anchor-untrusted'
  | 'anchor-silent'
  | 'anchor-record-missing'
  | 'anchor-record-foreign'
  | 'checkpoint-log-altered'
  | 'checkpoint-removed'
  | 'archived-checkpoint-altered'
  | 'cosignature-removed'

/** Axis and weight of each; spec/verification.md §2 says what it means. */
export const FINDINGS: Readonly<Record<FindingCode, readonly [Axis, Weight]>> = {
  'entry-altered': ['content', 'tampered'],
  'entry-not-json': ['content', 'tampered'],
  'entry-not-canonical': ['content', 'tampered'],
  'entry-not-v1': ['content', 'tampered'],
  'node-altered': ['content', 'tampered'],
  'stub-altered': ['content', 'tampered'],
  'archived-altered': ['content', 'tampered'],
  'archived-unrecorded': ['content', 'tampered'],
  'archived-not-read': ['content', 'incomplete'],
  'disposal-unauthorised': ['completeness', 'tampered'],
  'disposal-not-checked': ['completeness', 'incomplete'],
  'hold-release-unauthorised': ['signer', 'tampered'],
  'hold-release-not-checked': ['signer', 'incomplete'],
  'columns-altered': ['content', 'tampered'],
  'subjects-altered': ['content', 'tampered'],
  'payload-uses-altered': ['content', 'tampered'],
  'payload-missing': ['content', 'tampered'],
  'payload-altered': ['content', 'tampered'],
  'content-key-altered': ['content', 'tampered'],
  'content-unopenable': ['content', 'tampered'],
  'content-commitment-mismatch': ['content', 'tampered'],
  'content-unavailable': ['content', 'incomplete'],
  'erased-content-opens': ['content', 'tampered'],
  'index-altered': ['content', 'tampered'],
  'schema-altered': ['content', 'tampered'],
  'database-unreadable': ['content', 'tampered'],
  'stray-row': ['content', 'tampered'],
  'segment-missing': ['completeness', 'tampered'],
  'segment-altered': ['content', 'tampered'],
  'segment-unopened': ['content', 'incomplete'],
  'tile-altered': ['content', 'tampered'],
  'tile-missing': ['content', 'tampered'],
  'file-missing': ['content', 'tampered'],
  'file-altered': ['content', 'tampered'],
  'cover-altered': ['content', 'tampered'],
  'cover-unknown': ['completeness', 'incomplete'],
  'stray-file': ['content', 'tampered'],
  'wrong-ledger': ['order', 'tampered'],
  'wrong-seq': ['order', 'tampered'],
  'chain-broken': ['order', 'tampered'],
  'time-reversed': ['order', 'tampered'],
  'conversation-broken': ['order', 'tampered'],
  'entry-missing': ['completeness', 'tampered'],
  'entry-surplus': ['completeness', 'tampered'],
  'ledger-without-entries': ['completeness', 'incomplete'],
  'predecessor-missing': ['completeness', 'tampered'],
  'restored-older': ['completeness', 'incomplete'],
  'tail-cut': ['completeness', 'tampered'],
  'producer-gap': ['completeness', 'incomplete'],
  'not-covered': ['completeness', 'incomplete'],
  'signer-file-altered': ['signer', 'tampered'],
  'statement-altered': ['signer', 'tampered'],
  'key-mismatch': ['signer', 'tampered'],
  'checkpoint-unreadable': ['signer', 'tampered'],
  'checkpoint-misplaced': ['signer', 'tampered'],
  'foreign-checkpoint': ['signer', 'tampered'],
  'foreign-signature': ['signer', 'tampered'],
  'signature-invalid': ['signer', 'tampered'],
  'no-trusted-signature': ['signer', 'incomplete'],
  'key-not-in-force': ['signer', 'incomplete'],
  'since-untrusted': ['signer', 'incomplete'],
  'no-checkpoint': ['signer', 'incomplete'],
  'wrong-origin': ['signer', 'incomplete'],
  'root-mismatch': ['content', 'tampered'],
  'proof-invalid': ['content', 'tampered'],
  'anchor-mismatch': ['anchor', 'tampered'],
  'anchor-unreadable': ['anchor', 'incomplete'],
  'anchor-untrusted': ['anchor', 'incomplete'],
  'anchor-silent': ['anchor', 'incomplete'],
  'anchor-record-missing': ['anchor', 'incomplete'],
  'anchor-record-foreign': ['anchor', 'incomplete'],
  'checkpoint-log-altered': ['anchor', 'tampered'],
  'checkpoint-removed': ['anchor', 'tampered'],
  'archived-checkpoint-altered': ['anchor', 'tampered'],
  'cosignature-removed': ['time', 'tampered'],
}

/** Where a finding is; all that is known of it. */
export interface Place {
  readonly seq?: number
  readonly id?: string
  /** A file, tile, table or checkpoint: `tile/0/000`, `checkpoint of size 12`. */
  readonly what?: string
}

export interface Finding extends Place {
  readonly axis: Axis
  readonly weight: Weight
  readonly code: FindingCode
  readonly problem: string
}

export function axisOf(code: FindingCode): Axis {
  return FINDINGS[code][0]
}

export function finding(code: FindingCode, place: Place, problem: string): Finding {
  const [axis, weight] = FINDINGS[code]
  return { axis, weight, code, ...place, problem }
}

/** Findings of a long run: of each code the first ones in full, the rest counted, so that memory stays flat. */
export interface FindingList {
  add(found: Finding): void
  /** Takes over what another list has, counts included. */
  addAll(others: Pick<FindingList, 'first' | 'counts'>): void
  /** In the order they were added. Every code that was found is among them, however many of another came before. */
  readonly first: readonly Finding[]
  readonly counts: ReadonlyMap<FindingCode, number>
}

/** Of one code. A reader wants to see the kind of damage, then where it begins. */
const KEPT = 50

/** How many were found, of all codes. */
export function countAll({ counts }: Pick<FindingList, 'counts'>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

export function createFindings(): FindingList {
  const first: Finding[] = []
  const counts = new Map<FindingCode, number>()
  const kept = new Map<FindingCode, number>()

  function keep(found: Finding): void {
    const already = kept.get(found.code) ?? 0
    if (already === KEPT) return
    kept.set(found.code, already + 1)
    first.push(found)
  }

  function count(code: FindingCode, more: number): void {
    counts.set(code, (counts.get(code) ?? 0) + more)
  }

  return {
    add(found) {
      keep(found)
      count(found.code, 1)
    },
    addAll(others) {
      for (const found of others.first) keep(found)
      for (const [code, more] of others.counts) count(code, more)
    },
    first,
    counts,
  }
}
