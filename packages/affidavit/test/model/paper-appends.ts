// What paper expects of appends: which drafts are recorded, which were there before, which are refused, and what the
// ledger records of itself beside them. Callers may have come at once: then the answers say in which order they were taken.

import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'

import { iso, type Looked, look, type PaperClock, stepSaid } from './paper-clock.ts'
import { commitmentOf, type Fields, ownRecord, type Paper, recordOf, textOf, type Written } from './paper-ledger.ts'

/** What a caller handed in: a draft, or something that must be refused with this code. */
export type Handed = { readonly draft: Fields } | { readonly draft: unknown; readonly refusal: string }

export type Outcome =
  | {
      readonly state: 'recorded' | 'duplicate'
      readonly id: string
      readonly seq: number
      readonly integrity_hash: string
    }
  | { readonly state: 'refused'; readonly error: { readonly code: string } }

/** One caller's drafts, in the order of the calls, and what was answered. */
export interface Call {
  readonly through: Looked
  readonly handed: readonly Handed[]
  readonly outcomes: readonly Outcome[]
}

/** When things were recorded: by this clock, and later by what waiting for other writers may have taken. */
export interface Timing {
  readonly at: number
  readonly slackMillis: number
}

interface Claim {
  readonly call: Call
  readonly draft: Fields
  readonly outcome: Outcome
}

/** Judges the answers and what was written meanwhile, and adds that to the paper. */
export function judgeAppends(
  paper: Paper,
  clock: PaperClock,
  calls: readonly Call[],
  written: readonly Written[],
  slackMillis: number,
): void {
  const own: Fields[] = []
  const claims = calls.flatMap((call) => claimsOf(call, clock, own))
  const named = Map.groupBy(claims, ({ draft }) => draft.id)
  for (const [id, group] of named) {
    if (id === undefined) for (const { outcome } of group) assert.equal(outcome.state, 'recorded')
    else judgeId(paper, clock, id, group, own)
  }
  const recorded = claims.filter(({ outcome }) => outcome.state === 'recorded')
  for (const call of calls) {
    const seqs = call.outcomes.flatMap((outcome) => (outcome.state === 'recorded' ? [outcome.seq] : []))
    assert.deepEqual(
      seqs,
      [...new Set(seqs)].sort((a, b) => a - b),
      'a caller’s drafts keep their order',
    )
  }
  assert.equal(written.length, recorded.length + own.length, 'nothing else was written')
  const timing = { at: clock.now, slackMillis }
  for (const one of written) writeNext(paper, clock, { recorded, own }, one, timing)
  for (const { outcome } of claims) judgePlace(paper, outcome)
}

function claimsOf(call: Call, clock: PaperClock, own: Fields[]): Claim[] {
  return call.handed.flatMap((one, i) => {
    const outcome = call.outcomes[i]
    assert.ok(outcome !== undefined, 'every draft is answered')
    const reading = 'refusal' in one ? undefined : look(call.through, clock)
    if (reading?.kind === 'stepped') own.push(stepSaid(reading))
    if (!('refusal' in one) && reading?.kind !== 'jumped') return [{ call, draft: one.draft, outcome }]
    assertRefused(outcome, 'refusal' in one ? one.refusal : 'clock-jump')
    return []
  })
}

/** An id has one place: that of the first draft under it. */
function judgeId(paper: Paper, clock: PaperClock, id: unknown, group: readonly Claim[], own: Fields[]): void {
  const before = paper.records.find(({ fields }) => fields.id === id)
  const [winner, ...more] = group.filter(({ outcome }) => outcome.state === 'recorded')
  assert.equal(more.length, 0, 'an id is recorded once')
  if (before === undefined) assert.ok(winner !== undefined, 'a new id is recorded')
  else assert.equal(winner, undefined, 'a known id is not recorded again')
  assert.equal(
    winner,
    group.find(({ call }) => call === winner?.call),
    'the first one of a caller counts',
  )
  const standing = winner?.draft ?? before?.draft ?? {}
  const seq = winner?.outcome.state === 'recorded' ? winner.outcome.seq : before?.fields.seq
  for (const { draft, outcome } of group.filter((claim) => claim !== winner)) {
    if (textOf(draft) === textOf(standing)) {
      assert.deepEqual([outcome.state, 'seq' in outcome && outcome.seq], ['duplicate', seq])
      continue
    }
    assertRefused(outcome, 'id-conflict')
    const conflict = conflictSaid(id, seq, commitmentOf(paper, id, draft, iso(clock.now)))
    const said = [...own, ...paper.records.map(({ fields }) => fields)]
    if (!said.some((one) => isSame(one, conflict))) own.push(conflict)
  }
}

function conflictSaid(id: unknown, standing_seq: unknown, refused_commitment: string): Fields {
  const details = { standing_seq, refused_commitment }
  return { action: 'append_conflicted', outcome: 'denied', parent_id: id, details }
}

function isSame(one: Fields, conflict: Fields): boolean {
  return one.parent_id === conflict.parent_id && isDeepStrictEqual(one.details, conflict.details)
}

function writeNext(
  paper: Paper,
  clock: PaperClock,
  { recorded, own }: { recorded: readonly Claim[]; own: Fields[] },
  written: Written,
  timing: Timing,
): void {
  const seq = paper.records.length
  const claim = recorded.find(({ outcome }) => 'seq' in outcome && outcome.seq === seq)
  if (claim === undefined) {
    writeOwn(paper, takeOwn(own, written), clock, written, timing)
    return
  }
  const { draft, outcome } = claim
  const id = draft.id ?? ('id' in outcome ? outcome.id : undefined)
  if (draft.id === undefined) assertMadeAt(String(id), clock.now)
  const timestamp = iso(clock.now)
  write(paper, { fields: recordOf(paper, draft, { id, timestamp }), draft }, written, timing)
}

function takeOwn(own: Fields[], { fields }: Written): Fields {
  const at = own.findIndex(
    ({ action, details }) => action === fields.action && isDeepStrictEqual(details, fields.details),
  )
  const [said] = at === -1 ? [] : own.splice(at, 1)
  assert.ok(said !== undefined, `nobody handed in ${JSON.stringify(fields)}`)
  return said
}

/** Adds a record of the ledger about itself to the paper, after comparing it with what was written. */
export function writeOwn(paper: Paper, said: Fields, clock: PaperClock, written: Written, timing: Timing): void {
  const fields = { ...ownRecord(paper, said, written), timestamp: iso(clock.now) }
  write(paper, { fields }, written, timing)
}

function write(
  paper: Paper,
  expected: { readonly fields: Fields; readonly draft?: Fields },
  written: Written,
  { at, slackMillis }: Timing,
): void {
  const { recorded_at } = written.fields
  assert.deepEqual(written.fields, { ...expected.fields, recorded_at })
  const before = String(paper.records.at(-1)?.fields.recorded_at)
  const [earliest = '', latest = ''] = [iso(at), iso(at + slackMillis)].map((time) => (time > before ? time : before))
  assert.ok(earliest <= String(recorded_at), `recorded at ${recorded_at}, before ${earliest}`)
  assert.ok(String(recorded_at) <= latest, `recorded at ${recorded_at}, after ${latest}`)
  paper.records.push({ ...expected, fields: written.fields, hash: written.hash })
}

function judgePlace(paper: Paper, outcome: Outcome): void {
  if (outcome.state === 'refused') return
  const record = paper.records[outcome.seq]
  assert.deepEqual([outcome.id, outcome.integrity_hash], [record?.fields.id, record?.hash])
}

// UUIDv7 begins with its time.
function assertMadeAt(id: string, now: number): void {
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/)
  assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), now)
}

function assertRefused(outcome: Outcome, code: string): void {
  assert.deepEqual(outcome.state === 'refused' ? outcome.error.code : outcome, code)
}
