import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import type { Placed } from './facts.ts'
import { linkedSubjects, recordsLinkedTo } from './linked.ts'
import { standingLinks } from './standing.ts'

const RECORD = 'record-0'

const where = (seq: number): { seq: number; id: string; reason: string; payloads: string[] } => ({
  seq,
  id: `fact-${seq}`,
  reason: 'why',
  payloads: [],
})

function linked(seq: number, ...subject_ids: string[]): Placed {
  return { ...where(seq), action: 'subject_linked', subject_ids }
}

function unlinked(seq: number, link: number, ...subject_ids: string[]): Placed {
  return { ...where(seq), action: 'subject_unlinked', parent_id: `fact-${link}`, subject_ids }
}

function about(seq: number, parent_id: string, subject_ids: string[], content?: string[]): Placed {
  const link = { ...where(seq), action: 'content_linked', parent_id, subject_ids } as const
  return content === undefined ? link : { ...link, content }
}

// --- a second opinion: the page, read naively ---

/** Joins groups for each link that nothing behind it takes back, until nothing changes. */
function naivePersons(facts: readonly Placed[], subjects: readonly string[]): Map<string, string[]> {
  const takenBack = (link: Placed & { readonly subject_ids: readonly string[] }): boolean =>
    facts.some(
      (fact) =>
        fact.action === 'subject_unlinked' &&
        fact.parent_id === link.id &&
        fact.seq > link.seq &&
        [...fact.subject_ids].sort().join() === [...link.subject_ids].sort().join(),
    )
  let groups = subjects.map((subject) => new Set([subject]))
  for (const fact of facts) {
    if (fact.action !== 'subject_linked' || takenBack(fact)) continue
    const touched = groups.filter((group) => fact.subject_ids.some((one) => group.has(one)))
    groups = [...groups.filter((group) => !touched.includes(group)), new Set(touched.flatMap((group) => [...group]))]
  }
  return new Map(subjects.map((one) => [one, [...(groups.find((group) => group.has(one)) ?? [])].sort()]))
}

const SUBJECTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const several = fc.uniqueArray(fc.constantFrom(...SUBJECTS), { minLength: 2, maxLength: 3 })

/** Links, and what takes some back: earlier ones and later ones, of the right subjects and of others. */
const anyFacts: fc.Arbitrary<Placed[]> = fc
  .array(fc.record({ back: fc.boolean(), target: fc.nat(19), subjects: several, right: fc.nat(3) }), { maxLength: 20 })
  .map((steps) =>
    steps.map(({ back, target, subjects, right }, seq) => {
      const link = steps[target]
      if (!back) return linked(seq, ...subjects)
      return unlinked(seq, target, ...(right > 0 && link !== undefined ? link.subjects.toReversed() : subjects))
    }),
  )

test('a naive reader of the page finds the same persons', () => {
  let parted = 0
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const expected = naivePersons(facts, SUBJECTS)
      for (const subject of SUBJECTS) assert.deepEqual(linkedSubjects(facts, subject), expected.get(subject))
      parted += standingLinks(facts).takenBack.size
    }),
    { numRuns: 500 },
  )
  assert.ok(parted > 50, `only ${parted} links were taken back`)
})

test('being one person is symmetric and transitive, and everybody is one with themselves', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      for (const one of SUBJECTS) {
        const same = linkedSubjects(facts, one)
        assert.ok(same.includes(one))
        for (const other of same) assert.deepEqual(linkedSubjects(facts, other), same)
      }
    }),
  )
})

test('the order in which facts are read makes no difference', () => {
  fc.assert(
    fc.property(anyFacts, fc.func(fc.integer()), (facts, key) => {
      const mixed = facts.toSorted((one, other) => key(one.seq) - key(other.seq))
      for (const subject of SUBJECTS) {
        assert.deepEqual(linkedSubjects(mixed, subject), linkedSubjects(facts, subject))
      }
    }),
  )
})

test('what takes a link back leaves what was there without it, also where other links part or join the same', () => {
  fc.assert(
    fc.property(anyFacts, several, anyFacts, (before, subjects, after) => {
      const rest = after.map((fact) => moved(fact, 31))
      const withLink = [...before, linked(29, ...subjects), ...rest, unlinked(90, 29, ...subjects)]
      for (const subject of SUBJECTS) {
        assert.deepEqual(linkedSubjects(withLink, subject), linkedSubjects([...before, ...rest], subject))
      }
    }),
  )
})

/** The same facts later. */
function moved(fact: Placed, by: number): Placed {
  const later = { ...fact, seq: fact.seq + by, id: `fact-${fact.seq + by}` }
  if (later.action !== 'subject_unlinked') return later
  return { ...later, parent_id: `fact-${Number(later.parent_id.slice(5)) + by}` }
}

test('chains of 10,000 links, and a ring of them, are followed from any end', () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => linked(i, `s${i}`, `s${i + 1}`))
  const ring = [...chain, linked(10_000, 's10000', 's0')]
  const whole = Array.from({ length: 10_001 }, (_, i) => `s${i}`).sort()
  for (const start of ['s0', 's5000', 's10000']) {
    assert.deepEqual(linkedSubjects(chain, start), whole)
    assert.deepEqual(linkedSubjects(ring, start), whole)
  }
  const cut = [...ring, unlinked(10_001, 10_000, 's0', 's10000'), unlinked(10_002, 4_999, 's4999', 's5000')]
  assert.deepEqual([linkedSubjects(cut, 's0').length, linkedSubjects(cut, 's5000').length], [5_000, 5_001])
})

test('one link of 10,000 subjects is followed once', () => {
  let walks = 0
  const subjects = Object.assign(
    Array.from({ length: 10_000 }, (_, i) => `s${i}`),
    {
      [Symbol.iterator](this: readonly string[]) {
        walks++
        return this.values()
      },
    },
  )
  const link: Placed = { ...where(0), action: 'subject_linked', subject_ids: subjects }
  assert.equal(linkedSubjects([link], 's17').length, 10_000)
  assert.ok(walks <= 2, `its subjects were walked ${walks} times`)
})

test('what was taken back comes back by a new link', () => {
  const facts = [linked(0, 'a', 'b'), unlinked(1, 0, 'a', 'b'), linked(2, 'a', 'b')]
  assert.deepEqual(linkedSubjects(facts, 'a'), ['a', 'b'])
  assert.deepEqual(linkedSubjects(facts.slice(0, 2), 'a'), ['a'])
  assert.deepEqual([...standingLinks(facts).takenBack], [['fact-0', 1]])
})

describe('takes nothing back', () => {
  const link = linked(5, 'a', 'b')
  const lies: readonly (readonly [name: string, facts: Placed[]])[] = [
    ['what comes before its link', [unlinked(4, 5, 'a', 'b'), link]],
    ['what names one of its subjects only', [link, unlinked(6, 5, 'a')]],
    ['what names another subject too', [link, unlinked(6, 5, 'a', 'b', 'c')]],
    ['what names another subject instead', [link, unlinked(6, 5, 'a', 'c')]],
    ['what names no link', [link, unlinked(6, 7, 'a', 'b')]],
    ['what names something that is no link', [link, unlinked(6, 5, 'a'), unlinked(7, 6, 'a')]],
  ]
  for (const [name, facts] of lies) {
    test(name, () => {
      const standing = standingLinks(facts)
      assert.deepEqual(standing.subjects, [link])
      assert.ok(standing.ignored.length > 0 && standing.ignored.every(({ why }) => why === 'no-link'))
      assert.deepEqual(linkedSubjects(facts, 'b'), ['a', 'b'])
    })
  }

  test('what takes back once more', () => {
    const { subjects, ignored } = standingLinks([link, unlinked(6, 5, 'b', 'a'), unlinked(7, 5, 'a', 'b')])
    assert.deepEqual([subjects, ignored.map(({ seq }) => seq)], [[], [7]])
  })
})

// --- records ---

test('a record is linked to the subjects that a link names, and to no others', () => {
  const facts = [about(1, RECORD, ['a', 'b']), about(2, 'record-1', ['c']), linked(3, 'a', 'c')]
  assert.deepEqual(recordsLinkedTo(facts, ['a']), [{ id: RECORD }])
  const both = [{ id: RECORD }, { id: 'record-1' }]
  assert.deepEqual(recordsLinkedTo(facts, linkedSubjects(facts, 'a')), both)
  assert.deepEqual(recordsLinkedTo([about(0, 'record-1', ['a']), about(1, RECORD, ['a'])], ['a']), both)
  assert.deepEqual(recordsLinkedTo(facts, ['d']), [])
  assert.deepEqual(recordsLinkedTo([...facts, unlinked(4, 1, 'b', 'a')], ['a', 'b']), [])
})

test('links to payloads add up, and one to the whole record has them all', () => {
  const two = [about(1, RECORD, ['a'], ['page-2', 'page-1']), about(2, RECORD, ['b'], ['page-3', 'page-2'])]
  assert.deepEqual(recordsLinkedTo(two, ['a']), [{ id: RECORD, content: ['page-1', 'page-2'] }])
  assert.deepEqual(recordsLinkedTo(two, ['a', 'b']), [{ id: RECORD, content: ['page-1', 'page-2', 'page-3'] }])
  const whole = [...two, about(3, RECORD, ['b'])]
  assert.deepEqual(recordsLinkedTo(whole, ['a', 'b']), [{ id: RECORD }])
  assert.deepEqual(recordsLinkedTo(whole, ['a']), [{ id: RECORD, content: ['page-1', 'page-2'] }])
  assert.deepEqual(recordsLinkedTo([...whole, unlinked(4, 3, 'b')], ['b']), [
    { id: RECORD, content: ['page-2', 'page-3'] },
  ])
})
