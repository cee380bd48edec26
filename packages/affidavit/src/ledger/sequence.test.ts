// The laws I1 to I5 of sequence.ts, each held against what JSON.parse and node:crypto make of the entries.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import canonicalize from 'canonicalize'
import fc from 'fast-check'

import { naiveTree } from '../../test/oracle/naive-tree.ts'
import { emptyFrontier } from '../merkle/growth.ts'
import { SAMPLE_TIME, samples } from '../testing/sample-drafts.ts'
import { type Known, type NewEntry, type Sequenced, type Standing, sequence, type Tip } from './sequence.ts'
import type { Placed, PreparedDraft } from './store.ts'

const { prepare, id } = samples('sequence.example/agents/0123456789abcdef')

const EMPTY: Tip = { frontier: emptyFrontier, integrity_hash: '', recorded_at: '' }
const NOTHING: Known = { standing: new Map(), conversations: new Map(), fence: 0, bound: 0 }

/** An entry as anybody reads it. */
interface Read {
  readonly members: ReadonlyMap<string, unknown>
  readonly hash: string
}

interface Step {
  readonly tip: Tip
  readonly drafts: readonly PreparedDraft[]
  readonly at: number
  readonly before: readonly Read[]
  readonly next: Sequenced
}

// Few ids and conversations, so that they meet within a batch and across batches.
const words = fc.record(
  { model: fc.constantFrom('a', 'b'), conversation_id: fc.constantFrom('c0', 'c1') },
  { requiredKeys: ['model'] },
)
const draft = fc
  .tuple(words, fc.option(fc.nat(5)))
  .map(([fields, number]) => prepare(number === null ? fields : { ...fields, id: id(number) }))
const batch = fc.record({ drafts: fc.array(draft, { maxLength: 8 }), at: fc.integer({ min: -90_000, max: 90_000 }) })
const batches = fc.array(batch, { minLength: 1, maxLength: 8 })

function forEveryStep(judge: (step: Step) => void): void {
  fc.assert(fc.property(batches, (list) => run(list).forEach(judge)))
}

/** Batch after batch, each on what the ones before it left, as a store would. */
function run(list: readonly { drafts: readonly PreparedDraft[]; at: number }[]): Step[] {
  const steps: Step[] = []
  const entries: Read[] = []
  let tip = EMPTY
  for (const { drafts, at } of list) {
    const next = sequence(tip, drafts, knownOf(entries, drafts), SAMPLE_TIME + at)
    steps.push({ tip, drafts, at: SAMPLE_TIME + at, before: [...entries], next })
    entries.push(...next.entries.map(readEntry))
    tip = next.tip
  }
  return steps
}

/** What a look at every entry finds about the ids and conversations of a batch. */
function knownOf(entries: readonly Read[], drafts: readonly PreparedDraft[]): Known {
  const standing = drafts.flatMap(({ id }) => {
    const seq = entries.findIndex(({ members }) => members.get('id') === id)
    const [found] = seq === -1 ? [] : entries.slice(seq)
    if (found === undefined) return []
    const { members, hash: integrity_hash } = found
    const [draft_commitment, recorded_at] = [text(members, 'draft_commitment'), text(members, 'recorded_at')]
    return [[id, { seq, integrity_hash, draft_commitment, recorded_at }] as const]
  })
  const conversations = drafts.flatMap(({ conversation_id }) => {
    const last = entries.findLast(({ members }) => members.get('conversation_id') === conversation_id)
    if (conversation_id === undefined || last === undefined) return []
    const conversation_seq = Number(last.members.get('conversation_seq'))
    return [[conversation_id, { conversation_seq, integrity_hash: last.hash }] as const]
  })
  return { standing: new Map(standing), conversations: new Map(conversations), fence: 0, bound: 0 }
}

function readEntry({ entry }: Pick<NewEntry, 'entry'>): Read {
  const members = new Map<string, unknown>(Object.entries(JSON.parse(entry)))
  return { members, hash: createHash('sha256').update(Uint8Array.of(0)).update(entry).digest('hex') }
}

function text(members: ReadonlyMap<string, unknown>, name: string): string {
  return String(members.get(name))
}

test('I1: seqs are consecutive from the tip, in the order of the drafts', () => {
  forEveryStep(({ drafts, before, next }) => {
    const read = next.entries.map(readEntry)
    const seqs = next.entries.map((_, i) => before.length + i)
    assert.deepEqual(
      next.entries.map(({ seq }) => seq),
      seqs,
    )
    assert.deepEqual(
      read.map(({ members }) => members.get('seq')),
      seqs,
    )
    const known = new Set(before.map(({ members }) => members.get('id')))
    const fresh = [...new Set(drafts.map(({ id }) => id))].filter((id) => !known.has(id))
    assert.deepEqual(
      read.map(({ members }) => members.get('id')),
      fresh,
    )
  })
})

test('I2: each previous_hash is the hash of the entry before, and what is hashed is the canonical text', () => {
  forEveryStep(({ before, next }) => {
    let previous = before.at(-1)?.hash ?? ''
    for (const one of next.entries) {
      const { members, hash } = readEntry(one)
      assert.equal(members.get('previous_hash'), previous)
      assert.equal(canonicalize(Object.fromEntries(members)), Buffer.from(one.entry).toString('utf8'))
      previous = hash
    }
    assert.equal(next.tip.integrity_hash, previous)
  })
})

test('I3: recorded_at is the later of the clock and the entry before', () => {
  forEveryStep(({ tip, at, next }) => {
    const clock = new Date(at).toISOString()
    const expected = tip.recorded_at > clock ? tip.recorded_at : clock
    for (const one of next.entries) assert.equal(readEntry(one).members.get('recorded_at'), expected)
    assert.equal(next.tip.recorded_at, next.entries.length === 0 ? tip.recorded_at : expected)
  })
})

test('I4: a conversation’s links run from 0 and the empty string, without gap or fork', () => {
  forEveryStep(({ before, next }) => {
    const all = [...before, ...next.entries.map(readEntry)]
    const tips = new Map<unknown, { conversation_seq: number; integrity_hash: string }>()
    for (const { members, hash } of all) {
      const link = [members.get('conversation_seq'), members.get('conversation_previous_hash')]
      const name = members.get('conversation_id')
      const last = tips.get(name)
      const expected = last === undefined ? [0, ''] : [last.conversation_seq + 1, last.integrity_hash]
      assert.deepEqual(link, name === undefined ? [undefined, undefined] : expected)
      tips.set(name, { conversation_seq: (last?.conversation_seq ?? -1) + 1, integrity_hash: hash })
    }
    const moved = new Set(next.entries.map((one) => readEntry(one).members.get('conversation_id')))
    moved.delete(undefined)
    assert.deepEqual(new Set(next.conversations.keys()), moved)
    for (const [name, tip] of next.conversations) assert.deepEqual(tip, tips.get(name))
  })
})

test('I5: an id gets one place; the same commitment is answered with it again, another one with conflict', () => {
  forEveryStep(({ drafts, before, next }) => {
    const places = [...before, ...next.entries.map(readEntry)]
    const answered = new Set(before.map(({ members }) => members.get('id')))
    const expected = drafts.map((draft): Placed => {
      const seq = places.findIndex(({ members }) => members.get('id') === draft.id)
      const { members, hash: integrity_hash } = places[seq] ?? assert.fail(`${draft.id} has no place`)
      const recorded_at = text(members, 'recorded_at')
      const state = answered.has(draft.id) ? 'duplicate' : 'recorded'
      answered.add(draft.id)
      if (members.get('draft_commitment') !== draft.draft_commitment) return { state: 'conflict', seq, integrity_hash }
      return { state, seq, integrity_hash, recorded_at }
    })
    assert.deepEqual(next.placed, expected)
  })
})

test('each entry comes with the tree nodes it completes, and the tip with the frontier', () => {
  fc.assert(
    fc.property(batches, (list) => {
      const steps = run(list)
      const tree = naiveTree(steps.flatMap(({ next }) => next.entries.map(({ entry }) => Buffer.from(entry))))
      for (const { next } of steps) {
        for (const { seq, nodes } of next.entries) assert.deepEqual(Buffer.from(nodes), completedBy(tree, seq))
        const { size, nodes } = next.tip.frontier
        assert.deepEqual(
          nodes.map((node) => Buffer.from(node)),
          subtrees(size).map(([begin, end]) => Buffer.from(tree.root(begin, end))),
        )
      }
    }),
  )
})

/** The roots of all perfect subtrees that end with this entry, the smallest first. */
function completedBy(tree: ReturnType<typeof naiveTree>, seq: number): Buffer {
  const roots: Uint8Array[] = []
  for (let width = 1; (seq + 1) % width === 0; width *= 2) roots.push(tree.root(seq + 1 - width, seq + 1))
  return Buffer.concat(roots)
}

/** The perfect subtrees that a size is the sum of, the largest first. */
function subtrees(size: number): [begin: number, end: number][] {
  const found: [number, number][] = []
  for (let begin = 0; begin < size; ) {
    let width = 1
    while (begin + 2 * width <= size) width *= 2
    found.push([begin, begin + width])
    begin += width
  }
  return found
}

test('a batch that records nothing leaves the tip as it is', () => {
  const first = sequence(EMPTY, [prepare({ id: id(1) })], NOTHING, SAMPLE_TIME)
  const known = knownOf(first.entries.map(readEntry), [prepare({ id: id(1) })])
  for (const drafts of [[], [prepare({ id: id(1) }), prepare({ id: id(1), model: 'other' })]]) {
    const { tip, entries, conversations } = sequence(first.tip, drafts, known, SAMPLE_TIME + 60_000)
    assert.deepEqual([tip, entries, conversations], [first.tip, [], new Map()])
  }
})

test('what is handed in is not changed', () => {
  const conversations = new Map([['c', { conversation_seq: 4, integrity_hash: 'ab'.repeat(32) }]])
  const known = { standing: new Map(), conversations, fence: 0, bound: 0 }
  const [tip, drafts] = [structuredClone(EMPTY), [prepare({ conversation_id: 'c', subject_ids: ['p2', 'p1'] })]]
  const before = structuredClone({ tip, drafts, known })
  const { entries } = sequence(tip, drafts, known, SAMPLE_TIME)
  assert.deepEqual({ tip, drafts, known }, before)
  assert.deepEqual(entries[0]?.subject_ids, ['p1', 'p2'])
})

test('a tip whose time is none is our bug', () => {
  const tip = { ...EMPTY, recorded_at: 'yesterday' }
  assert.throws(() => sequence(tip, [prepare()], NOTHING, SAMPLE_TIME), /unreachable/)
})

test('behind a fence nothing gets a place that was prepared before it, and what stands is told all the same', () => {
  const known: Known = { ...NOTHING, fence: 3, standing: new Map([[id(9), standingOf(9)]]) }
  const at = (keyring_generation: number, number: number): PreparedDraft => ({
    ...prepare({ id: id(number) }),
    keyring_generation,
  })
  const retry = { ...at(1, 9), draft_commitment: standingOf(9).draft_commitment ?? '' }
  const { placed, entries } = sequence(EMPTY, [at(2, 1), at(3, 2), retry, at(4, 3)], known, SAMPLE_TIME)
  assert.deepEqual(
    placed.map(({ state }) => state),
    ['stale', 'recorded', 'duplicate', 'recorded'],
  )
  assert.deepEqual(placed[0], { state: 'stale', fence: 3 })
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    [0, 1],
  )
})

test('a decision to erase is a fence for the rest of its own batch', () => {
  const decision: PreparedDraft = { ...prepare(), keyring_generation: 1, keyring_fence: 2 }
  const { placed } = sequence(EMPTY, [prepare(), decision, prepare()], NOTHING, SAMPLE_TIME)
  assert.deepEqual(
    placed.map(({ state }) => state),
    ['recorded', 'recorded', 'stale'],
  )
})

test('a decision that was judged before a hold gets no place, and one that was judged behind it does', () => {
  const judged = (judged_below: number): PreparedDraft => ({ ...prepare({ id: id(judged_below) }), judged_below })
  const { placed } = sequence(EMPTY, [judged(4), judged(5)], { ...NOTHING, bound: 5 }, SAMPLE_TIME)
  assert.deepEqual(placed[0], { state: 'overtaken', bound: 5 })
  assert.equal(placed[1]?.state, 'recorded')
})

test('a hold in the same batch overtakes the decision behind it, and none before it', () => {
  const binding: PreparedDraft = { ...prepare(), binding: true }
  const judged = (number: number): PreparedDraft => ({ ...prepare({ id: id(number) }), judged_below: 0 })
  const { placed } = sequence(EMPTY, [judged(1), binding, prepare(), judged(2)], NOTHING, SAMPLE_TIME)
  assert.deepEqual(
    placed.map(({ state }) => state),
    ['recorded', 'recorded', 'recorded', 'overtaken'],
  )
})

function standingOf(number: number): Standing {
  return {
    seq: 7,
    integrity_hash: 'ab'.repeat(32),
    draft_commitment: 'cd'.repeat(31) + String(number).padStart(2, '0'),
    recorded_at: '',
  }
}
