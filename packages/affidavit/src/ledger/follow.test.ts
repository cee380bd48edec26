import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { causes, STORY_LEDGER, story, storyDrafts, storyRecords, unchecked } from '../../test/late-facts-story.ts'
import type { Draft } from '../formats/fields.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { allEntries, LEDGER, membersOf } from '../testing/contract-reading.ts'
import { samples } from '../testing/sample-drafts.ts'
import { expandQuery, readExpanded, type SubjectFilter, searchFollowing } from './follow.ts'
import { type FactsAsked, findLateFacts, MAX_LINKED_SUBJECTS, readEffective } from './late-facts.ts'
import { mergeBySeq } from './merge-by-seq.ts'
import type { EntryFilter, LedgerStore, PreparedDraft, StoredEntry } from './store.ts'

const { prepare, batch, id } = samples(LEDGER)

async function withStore(
  drafts: readonly PreparedDraft[],
  work: (store: LedgerStore) => Promise<void>,
  ledger: string = LEDGER,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-follow-'))
  const database = new DatabaseSync(join(folder, 'ledger.db'))
  const store = sqliteStore(database, 'create')
  try {
    await store.create(ledger)
    for (let from = 0; from < drafts.length; from += 500) {
      await store.commit({ ...batch(drafts.slice(from, from + 500)), ledger })
    }
    await work(store)
  } finally {
    await store.close()
    database.close()
    rmSync(folder, { recursive: true })
  }
}

async function seqsOf(found: AsyncIterable<StoredEntry>): Promise<number[]> {
  const seqs: number[] = []
  for await (const { seq } of found) seqs.push(seq)
  return seqs
}

// --- the golden story ---

describe('the story, from a store', () => {
  for (const { subject_id, as_of, found, ignored, subject_ids, records } of story.searches) {
    const position = as_of === undefined ? 'the end' : `seq ${as_of}`
    test(`a search for ${subject_id} as of ${position}`, () =>
      withStore(
        storyDrafts(),
        async (store) => {
          const filter: SubjectFilter = { subject_id, ...(as_of === undefined ? {} : { until_seq: as_of }) }
          const expanded = await expandQuery(store, STORY_LEDGER, filter)
          assert.deepEqual([expanded.subject_ids, expanded.records], [subject_ids, records])
          assert.deepEqual(causes(expanded.ignored), ignored)
          assert.deepEqual(await seqsOf(readExpanded(store, STORY_LEDGER, expanded)), found)
          assert.deepEqual(await seqsOf(searchFollowing(store, STORY_LEDGER, filter)), found)
        },
        STORY_LEDGER,
      ))
  }

  for (const { seq, ignored, ...expected } of story.effective) {
    test(`the record at ${seq}`, () =>
      withStore(
        storyDrafts(),
        async (store) => {
          const record = storyRecords()[seq] ?? assert.fail()
          const { record: shown, ignored: found, facts: _, ...rest } = await readEffective(store, STORY_LEDGER, record)
          assert.deepEqual([shown, rest, causes(found)], [record, expected, ignored])
        },
        STORY_LEDGER,
      ))
  }

  test('a record as of a position has what was recorded below it', () =>
    withStore(
      storyDrafts(),
      async (store) => {
        const record = storyRecords()[0] ?? assert.fail()
        const byPosition = [5, 6, 7].map(
          async (asOf) => (await readEffective(store, STORY_LEDGER, record, asOf)).reclassified?.by,
        )
        assert.deepEqual(await Promise.all(byPosition), [undefined, 5, 6])
        const link = storyRecords()[8] ?? assert.fail()
        assert.equal((await readEffective(store, STORY_LEDGER, link, 9)).taken_back_by, undefined)
      },
      STORY_LEDGER,
    ))
})

// --- against a look at every entry ---

const SUBJECTS = ['a', 'b', 'c', 'd', 'e']
const WHO = { actor_id: 'officer', actor_type: 'user' } as const
const details = { reason: 'why' }

const anyLedger: fc.Arbitrary<Partial<Draft>[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('plain', 'plain', 'nobody', 'nobody', 'link', 'content', 'content', 'back'),
      subjects: fc.uniqueArray(fc.constantFrom(...SUBJECTS), { minLength: 2, maxLength: 3 }),
      target: fc.nat(45),
      actor: fc.nat(2),
    }),
    { minLength: 5, maxLength: 40 },
  )
  .map((steps) =>
    steps.map(({ kind, subjects, target, actor }, i): Partial<Draft> => {
      const fact = { ...WHO, id: id(i), details, subject_ids: subjects }
      if (kind === 'link') return { ...fact, action: 'subject_linked' }
      // Mostly a record before it.
      const parent_id = id(target > 40 ? target : target % (i + 1))
      if (kind === 'content') return { ...fact, action: 'content_linked', parent_id }
      // Mostly a link, with its own subjects: so that much is taken back.
      const link = steps.findIndex((step, at) => at >= target % i && (step.kind === 'link' || step.kind === 'content'))
      const linked = steps[link]?.subjects ?? subjects
      if (kind === 'back')
        return { ...fact, subject_ids: linked, action: 'subject_unlinked', parent_id: id(Math.max(link, 0)) }
      const plain = { id: id(i), actor_id: `agent-${actor}`, conversation_id: `c${i % 2}` }
      return kind === 'nobody' ? plain : { ...plain, subject_ids: subjects.slice(0, 1 + actor) }
    }),
  )

// Mostly the person alone, or with one condition more: what all conditions together find is next to nothing.
const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })

const anyFilter: fc.Arbitrary<SubjectFilter> = fc
  .record({
    subject_id: fc.constantFrom(...SUBJECTS),
    actor_id: sometimes(fc.constantFrom('agent-0', 'officer')),
    conversation_id: sometimes(fc.constant('c1')),
    action: sometimes(fc.constantFrom('tool_invoked', 'content_linked')),
    id: sometimes(fc.nat(20).map(id)),
    from_seq: sometimes(fc.nat(20)),
    until_seq: sometimes(fc.nat(40)),
  })
  .map(({ subject_id, ...others }) => {
    return { subject_id, ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)) }
  })

test('a naive reader of all entries finds the same, in both directions and with any limit', async () => {
  const seen = { found: 0, more: 0 }
  await fc.assert(
    fc.asyncProperty(
      anyLedger,
      fc.array(anyFilter, { minLength: 8, maxLength: 8 }),
      fc.nat(6),
      async (drafts, filters, limit) => {
        await withStore(drafts.map(prepare), async (store) => {
          const entries = await allEntries(store)
          for (const filter of filters) {
            const expected = naiveSearch(entries, filter)
            const search = (options: object): Promise<number[]> =>
              seqsOf(searchFollowing(store, LEDGER, filter, options))
            assert.deepEqual(await search({}), expected, JSON.stringify(filter))
            assert.deepEqual(await search({ order: 'descending' }), expected.toReversed())
            assert.deepEqual(await search({ order: 'descending', limit }), expected.toReversed().slice(0, limit))
            assert.deepEqual(await search({ limit }), expected.slice(0, limit))
            seen.found += expected.length
            seen.more +=
              expected.length - (await store.entries(LEDGER, filter, { limit: 100, order: 'ascending' })).length
          }
        })
      },
    ),
    { numRuns: 40 },
  )
  assert.ok(seen.more > seen.found / 10, `links found ${seen.more} of ${seen.found}`)
})

/** The page, read with JSON.parse and loops: what counts below the position, who is one person, what fits. */
function naiveSearch(entries: readonly StoredEntry[], filter: SubjectFilter): number[] {
  const all = entries.map((entry) => membersOf(entry))
  const known = all.slice(0, filter.until_seq)
  const text = (members: ReadonlyMap<string, unknown>, name: string): string => String(members.get(name))
  const subjects = (members: ReadonlyMap<string, unknown>): string => JSON.stringify(members.get('subject_ids') ?? [])
  const standing = known.filter((link, seq) => {
    if (!/^(subject|content)_linked$/.test(text(link, 'action'))) return false
    const isBack = (other: ReadonlyMap<string, unknown>): boolean =>
      text(other, 'action') === 'subject_unlinked' &&
      text(other, 'parent_id') === text(link, 'id') &&
      subjects(other) === subjects(link)
    return !known.slice(seq + 1).some(isBack)
  })
  const names = (members: ReadonlyMap<string, unknown>, person: ReadonlySet<string>): boolean =>
    [...person].some((one) => subjects(members).includes(JSON.stringify(one)))
  const person = new Set([filter.subject_id])
  for (const _ of SUBJECTS) {
    for (const link of standing) {
      if (text(link, 'action') === 'subject_linked' && names(link, person)) {
        for (const one of JSON.parse(subjects(link))) person.add(one)
      }
    }
  }
  const isLinked = (members: ReadonlyMap<string, unknown>): boolean =>
    standing.some(
      (link) =>
        text(link, 'action') === 'content_linked' &&
        text(link, 'parent_id') === text(members, 'id') &&
        Number(link.get('seq')) > Number(members.get('seq')) &&
        names(link, person),
    )
  return known.flatMap((members, seq) => {
    const fits =
      (['id', 'actor_id', 'conversation_id', 'action'] as const).every(
        (name) => filter[name] === undefined || filter[name] === members.get(name),
      ) && seq >= (filter.from_seq ?? 0)
    return fits && (names(members, person) || isLinked(members)) ? [seq] : []
  })
}

// --- facts in a store ---

test('facts about a record are those that name it, and what takes back a link to it', () => {
  const about = { ...WHO, parent_id: id(0), details }
  const drafts: readonly Partial<Draft>[] = [
    { id: id(0) },
    { id: id(1), parent_id: id(0) },
    { ...about, id: id(2), action: 'content_linked', subject_ids: ['a'] },
    { ...about, action: 'record_reclassified', details: { ...details, data_classification: 'public' } },
    { ...about, action: 'record_amended' },
    { ...about, action: 'record_amended', parent_id: id(1) },
    { ...about, action: 'subject_unlinked', parent_id: id(2), subject_ids: ['a'] },
    // Its cause is the record; it is not about it.
    { ...about, action: 'subject_linked', subject_ids: ['a', 'b'] },
  ]
  return withStore(drafts.map(prepare), async (store) => {
    const seqs = async (asked: FactsAsked, asOf?: number): Promise<number[]> =>
      (await findLateFacts(store, LEDGER, asked, asOf)).facts.map(({ seq }) => seq)
    assert.deepEqual(await seqs({ record_id: id(0) }), [2, 3, 4, 6])
    assert.deepEqual(await seqs({ record_id: id(0) }, 4), [2, 3])
    assert.deepEqual(await seqs({ record_id: id(2) }), [6])
    assert.deepEqual(await seqs({ subject_id: 'a' }), [2, 6, 7])
    assert.deepEqual(await seqs({ subject_id: 'b' }, 7), [])
  })
})

test('links that name the person and are not in their form are told with the answer, and not followed', () => {
  const link: Draft = { ...WHO, action: 'subject_linked', subject_ids: ['a', 'b'], details }
  const drafts = [
    prepare({ subject_ids: ['b'] }),
    prepare(CHAIN[3]),
    unchecked({ ...link, actor_type: 'agent', subject_ids: ['a', 'c'] }),
    prepare({ ...link, action: 'content_linked', parent_id: id(99) }),
    unchecked({ ...link, details: {}, subject_ids: ['b', 'd'] }),
  ]
  return withStore(drafts, async (store) => {
    const { subject_ids, ignored } = await expandQuery(store, LEDGER, { subject_id: 'a' })
    const expected = [
      [2, 'form'],
      [3, 'no-record'],
      [4, 'form'],
    ]
    assert.deepEqual([subject_ids, causes(ignored)], [['a', 'b'], expected])
  })
})

// --- positions ---

const CHAIN: readonly Partial<Draft>[] = [
  { id: id(0), subject_ids: ['a'] },
  { id: id(1), subject_ids: ['b'] },
  { id: id(2) },
  { ...WHO, action: 'subject_linked', subject_ids: ['a', 'b'], details, id: id(3) },
  { ...WHO, action: 'content_linked', parent_id: id(2), subject_ids: ['b'], details, id: id(4) },
  { ...WHO, action: 'subject_unlinked', parent_id: id(4), subject_ids: ['b'], details },
  { ...WHO, action: 'subject_unlinked', parent_id: id(3), subject_ids: ['a', 'b'], details },
]

test('as of a position, links behind it do not count, nor does what takes one back', () =>
  withStore(CHAIN.map(prepare), async (store) => {
    const found = Array.from({ length: 8 }, (_, until_seq) =>
      seqsOf(searchFollowing(store, LEDGER, { subject_id: 'a', until_seq })),
    )
    assert.deepEqual(await Promise.all(found), [
      [],
      [0],
      [0],
      [0],
      [0, 1, 3],
      [0, 1, 2, 3, 4],
      [0, 1, 3, 4, 5],
      [0, 3, 6],
    ])
    const linksAsOf4 = await expandQuery(store, LEDGER, { subject_id: 'a' }, 4)
    assert.deepEqual(await seqsOf(readExpanded(store, LEDGER, linksAsOf4)), [0, 1, 3, 4, 5, 6])
  }))

test('linked records stand in the order of seq, whatever their ids and whenever they were linked', () => {
  const ids = Array.from({ length: 6 }, (_, i) => id(i))
  assert.notDeepEqual(ids.toSorted(), ids)
  const links = ids.toReversed().map((parent_id): Partial<Draft> => {
    return { ...WHO, action: 'content_linked', parent_id, subject_ids: ['a'], details }
  })
  return withStore([...ids.map((one) => ({ id: one })), ...links].map(prepare), async (store) => {
    const whole = Array.from({ length: 12 }, (_, seq) => seq)
    const filter = { subject_id: 'a' }
    assert.deepEqual(await seqsOf(searchFollowing(store, LEDGER, filter)), whole)
    const back = await seqsOf(searchFollowing(store, LEDGER, filter, { order: 'descending' }))
    assert.deepEqual(back, whole.toReversed())
  })
})

test('pages of an expanded query join to the whole, though links lie behind them', () =>
  withStore(CHAIN.slice(0, 5).map(prepare), async (store) => {
    const expanded = await expandQuery(store, LEDGER, { subject_id: 'a' })
    const joined: number[] = []
    for (let until_seq = 5; ; ) {
      const rest = { ...expanded, filter: { ...expanded.filter, until_seq } }
      const page = await seqsOf(readExpanded(store, LEDGER, rest, { order: 'descending', limit: 2 }))
      joined.push(...page)
      const last = page.at(-1)
      if (last === undefined) break
      until_seq = last
    }
    assert.deepEqual(joined, [4, 3, 2, 1, 0])
  }))

test('what is recorded after a query was expanded is not found by it', () =>
  withStore(CHAIN.slice(0, 5).map(prepare), async (store) => {
    const expanded = await expandQuery(store, LEDGER, { subject_id: 'a', until_seq: 1_000 })
    await store.commit(batch([prepare({ subject_ids: ['a'] }), prepare({ subject_ids: ['b'] })]))
    assert.deepEqual(await seqsOf(readExpanded(store, LEDGER, expanded)), [0, 1, 2, 3, 4])
    assert.deepEqual(await seqsOf(searchFollowing(store, LEDGER, { subject_id: 'a' })), [0, 1, 2, 3, 4, 5, 6])
  }))

test('an empty ledger has no record of anybody', () =>
  withStore([], async (store) => {
    assert.deepEqual(await seqsOf(searchFollowing(store, LEDGER, { subject_id: 'a' })), [])
  }))

test('a search that asks for no person finds what it finds without late facts', () =>
  withStore(CHAIN.map(prepare), async (store) => {
    for (const filter of [
      {},
      { actor_id: 'officer' },
      { action: 'tool_invoked', until_seq: 2 },
    ] satisfies EntryFilter[]) {
      const expected = await store.entries(LEDGER, filter, { limit: 100, order: 'descending' })
      const found = await seqsOf(searchFollowing(store, LEDGER, filter, { order: 'descending' }))
      assert.deepEqual(
        found,
        expected.map(({ seq }) => seq),
      )
    }
  }))

test('a query that is no query is refused', () =>
  withStore(CHAIN.map(prepare), async (store) => {
    for (const filter of [{ until_seq: -1 }, { from_seq: 0.5 }, { from: 'yesterday' }]) {
      const found = seqsOf(searchFollowing(store, LEDGER, { subject_id: 'a', ...filter }))
      await assert.rejects(found, { code: 'invalid-query', path: Object.keys(filter)[0] })
    }
  }))

// --- bounds ---

function chained(subjects: number): Partial<Draft>[] {
  return Array.from({ length: subjects - 1 }, (_, i) => ({
    ...WHO,
    action: 'subject_linked',
    subject_ids: [`s${i}`, `s${i + 1}`],
    details,
  }))
}

test('a person of 257 subjects is refused before anything is answered, one of 256 is found', async () => {
  await withStore(chained(MAX_LINKED_SUBJECTS).map(prepare), async (store) => {
    assert.equal((await seqsOf(searchFollowing(store, LEDGER, { subject_id: 's0' }))).length, 255)
  })
  await withStore(chained(MAX_LINKED_SUBJECTS + 1).map(prepare), async (store) => {
    const found = seqsOf(searchFollowing(store, LEDGER, { subject_id: 's0' }))
    await assert.rejects(found, { code: 'invalid-query', path: 'subject_id', message: /more than 255 others/ })
  })
})

test('searches are merged without being read ahead, each entry once', async () => {
  const pulled = [0, 0, 0]
  async function* every(step: number, which: number): AsyncGenerator<StoredEntry> {
    for (let seq = 0; seq < 3_000; seq += step) {
      pulled[which] = (pulled[which] ?? 0) + 1
      yield { seq, entry: new Uint8Array(), nodes: new Uint8Array() }
    }
  }
  const found: number[] = []
  for await (const { seq } of mergeBySeq([every(2, 0), every(3, 1), every(1_000, 2)], 'ascending')) {
    found.push(seq)
    for (const [which, step] of [2, 3, 1_000].entries()) {
      assert.ok((pulled[which] ?? 0) <= Math.floor(seq / step) + 2, `${pulled[which]} of search ${which} at ${seq}`)
    }
  }
  assert.deepEqual(
    found,
    Array.from({ length: 3_000 }, (_, seq) => seq).filter((seq) => seq % 2 === 0 || seq % 3 === 0),
  )
})

test('following a person reads the links and the linked records, and no other entry', () => {
  const plain = Array.from({ length: 2_000 }, (_, i) => ({ id: id(i), subject_ids: [i % 2 === 0 ? 'a' : 'b'] }))
  const links: Partial<Draft>[] = [
    { ...WHO, action: 'subject_linked', subject_ids: ['a', 'c'], details },
    { ...WHO, action: 'content_linked', parent_id: id(7), subject_ids: ['c'], details },
    { ...WHO, action: 'subject_linked', subject_ids: ['d', 'e'], details },
  ]
  return withStore([...plain, ...links].map(prepare), async (store) => {
    const handed: number[] = []
    const watched: LedgerStore = {
      ...store,
      async entries(...asked) {
        const page = await store.entries(...asked)
        handed.push(...page.map(({ seq }) => seq))
        return page
      },
    }
    const expanded = await expandQuery(watched, LEDGER, { subject_id: 'a' })
    assert.deepEqual([expanded.subject_ids, expanded.records], [['a', 'c'], [{ id: id(7), seq: 7 }]])
    assert.deepEqual(
      handed.sort((one, other) => one - other),
      [7, 2_000, 2_000, 2_001],
    )
  })
})
