// The verdict (product promise; spec/verification.md §1): separate axes, always all of them, and what was not checked.

import { type Axis, axisOf, type Finding, type FindingList } from './finding.ts'

/** `valid`: nothing is wrong on any axis that was checked. Read `axes` and `not_checked` for what that is worth. */
export type Status = 'valid' | 'tampered' | 'incomplete' | 'empty'

/** One axis: a word for scripts, a sentence for people. */
export interface AxisReport {
  readonly verdict: string
  readonly says: string
}

export interface Report {
  readonly status: Status
  readonly records_checked: number
  /** The first place where something is wrong. */
  readonly broken_at: { readonly seq?: number; readonly id?: string; readonly what?: string } | null
  readonly axes: Readonly<Record<Axis, AxisReport>>
  readonly not_checked: readonly string[]
  /** The worst first, then by place; of each code the first ones. `findings_count` has them all. */
  readonly findings: readonly Finding[]
  readonly findings_count: number
  /** What was verified: identity, size and root of the tree that was computed from the bytes. */
  readonly subject: {
    readonly kind: 'ledger' | 'range' | 'conversation' | 'export' | 'proof' | 'archive'
    readonly origin?: string
    readonly size?: number
    readonly root?: string
    readonly conversation_id?: string
  }
}

export interface Verdicts {
  readonly subject: Report['subject']
  readonly checked: number
  readonly findings: FindingList
  /** What each axis says where no finding contradicts it. */
  readonly axes: Readonly<Record<Axis, AxisReport>>
  readonly notChecked: readonly string[]
  /** Whether there was anything to verify. */
  readonly entries: 'some' | 'none'
}

/** Weighs findings against what was hoped for. */
export function report({ subject, checked, findings, axes, notChecked, entries }: Verdicts): Report {
  const first = [...findings.first].sort(byPlace)
  const says = (axis: Axis, word: string): AxisReport =>
    contradiction(first, countsByAxis(findings.counts, axis), axis, word) ?? axes[axis]
  return {
    status: statusOf(first, entries),
    records_checked: checked,
    broken_at: placeOf(first[0]),
    axes: {
      content: says('content', contentWord(first)),
      order: says('order', 'broken'),
      completeness: says('completeness', 'gaps'),
      signer: says('signer', axes.signer.verdict === 'unsigned' ? 'unsigned' : 'contradicted'),
      time: says('time', 'contradicted'),
      anchor: says('anchor', 'contradicted'),
    },
    not_checked: notChecked,
    findings: first,
    findings_count: [...findings.counts.values()].reduce((sum, count) => sum + count, 0),
    subject,
  }
}

// Content whose key is gone was not altered.
function contentWord(findings: readonly Finding[]): string {
  const tampered = findings.some(({ axis, weight }) => axis === 'content' && weight === 'tampered')
  return tampered ? 'altered' : 'unavailable'
}

function statusOf(findings: readonly Finding[], entries: 'some' | 'none'): Status {
  if (findings.some(({ weight }) => weight === 'tampered')) return 'tampered'
  if (entries === 'none') return 'empty'
  return findings.length > 0 ? 'incomplete' : 'valid'
}

function countsByAxis(counts: FindingList['counts'], axis: Axis): number {
  let sum = 0
  for (const [code, count] of counts) if (axisOf(code) === axis) sum += count
  return sum
}

function contradiction(findings: readonly Finding[], count: number, axis: Axis, word: string): AxisReport | undefined {
  const first = findings.find((found) => found.axis === axis)
  if (first === undefined) return undefined
  const more = count > 1 ? `, and ${count - 1} more` : ''
  return {
    verdict: word,
    says: `${word}${first.seq === undefined ? '' : ` at ${first.seq}`}: ${sentence(first)}${more}`,
  }
}

/** A finding in one line: where, and what. */
export function sentence({ seq, id, what, problem }: Finding): string {
  const where = what ?? (seq === undefined ? '' : `seq ${seq}${id === undefined ? '' : ` (${id})`}`)
  return where === '' ? problem : `${where}: ${problem}`
}

// Tampering before incompleteness; what names the very place before what only a checkpoint tells of a whole stretch;
// then by place: the first thing a reader should look at.
function byPlace(a: Finding, b: Finding): number {
  if (a.weight !== b.weight) return a.weight === 'tampered' ? -1 : 1
  if (isOfStretch(a) !== isOfStretch(b)) return isOfStretch(a) ? 1 : -1
  const distance = (a.seq ?? Number.MAX_SAFE_INTEGER) - (b.seq ?? Number.MAX_SAFE_INTEGER)
  return distance !== 0 || a.code === b.code ? distance : a.code < b.code ? -1 : 1
}

function isOfStretch({ axis, code }: Finding): boolean {
  return axis === 'anchor' || code === 'root-mismatch'
}

function placeOf(found: Finding | undefined): Report['broken_at'] {
  if (found === undefined) return null
  const { seq, id, what } = found
  return {
    ...(seq === undefined ? {} : { seq }),
    ...(id === undefined ? {} : { id }),
    ...(what === undefined ? {} : { what }),
  }
}
