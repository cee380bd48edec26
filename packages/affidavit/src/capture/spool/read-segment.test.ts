import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { concatBytes } from '../../bytes/compare.ts'
import { createRandomSource } from '../../crypto/random.ts'
import type { Spoolable } from '../../ledger/spoolable.ts'
import { createSpooling } from '../../ledger/spooling.ts'
import { readSegment } from './read-segment.ts'
import { encodeDraftFrame, encodeHeader, encodeMark, type SegmentTitle } from './segment.ts'
import { encodeWaiting } from './waiting-draft.ts'

const digestKey = createSecretKey(Buffer.alloc(32, 'x'))
const seal = createSpooling('a.example/agents/0123456789abcdef', { digestKey }, createRandomSource())
const TITLE: SegmentTitle = {
  ledger: 'a.example/agents',
  spool: '00112233445566778899aabbccddeeff',
  first: 17,
  since: '2026-11-21T09:30:00.000Z',
}
const header = encodeHeader(seal, TITLE)

function draft(number: number): Spoolable {
  const id = `01a1fc50-5200-7000-8000-${String(number).padStart(12, '0')}`
  const fields = { id, timestamp: TITLE.since, action: 'tool_invoked', actor_id: 'a', actor_type: 'agent' } as const
  if (number % 2 === 0) return { draft: fields, changed: false }
  const body = Buffer.alloc(number, number)
  return { draft: { ...fields, content: [{ name: 'result', media_type: 'image/png', body }] }, changed: true }
}

interface Piece {
  readonly kind: 'draft' | 'mark'
  readonly bytes: Uint8Array
}

/** Groups of so many drafts, each with its mark. */
function written(groups: readonly number[]): Piece[] {
  let number = TITLE.first
  return groups.flatMap((count) => {
    const frames = Array.from({ length: count }, () => ({
      kind: 'draft' as const,
      bytes: encodeDraftFrame(seal, TITLE, number, encodeWaiting(draft(number++))),
    }))
    return [...frames, { kind: 'mark', bytes: encodeMark(seal, TITLE, number) }]
  })
}

function segment(pieces: readonly Piece[]): Uint8Array {
  return concatBytes(header, ...pieces.map(({ bytes }) => bytes))
}

/** Their numbers; 0 where one cannot be read. Each is what was written under that number. */
function numbers(bytes: Uint8Array, end?: number): number[] {
  return readSegment(seal, TITLE, bytes, header.length, end).map((read, i) => {
    if (read === 'unreadable') return 0
    assert.deepEqual(read, draft(TITLE.first + i))
    return TITLE.first + i
  })
}

const groups = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 })

test('what was written is read, in order', () => {
  assert.deepEqual(numbers(segment(written([2, 1, 3]))), [17, 18, 19, 20, 21, 22])
})

test('wherever a segment is cut, what is whole is read, and what a mark vouches for is never missing', () => {
  const pieces = written([1, 2, 1])
  const bytes = segment(pieces)
  for (let size = header.length; size <= bytes.length; size++) {
    const cut = bytes.subarray(0, size)
    // A power cut can leave zeros, which may be what was to be written.
    for (const left of [cut, concatBytes(cut, new Uint8Array(300))])
      assert.deepEqual(numbers(left), [17, 18, 19, 20].slice(0, wholeDrafts(left)))
  }

  function wholeDrafts(left: Uint8Array): number {
    let [at, drafts] = [header.length, 0]
    for (const { kind, bytes: piece } of pieces) {
      at += piece.length
      if (kind === 'draft' && Buffer.compare(left.subarray(0, at), bytes.subarray(0, at)) === 0) drafts++
    }
    return drafts
  }
})

test('a flipped bit makes one draft unreadable at most up to the next mark, and is never taken for the end', () => {
  fc.assert(
    fc.property(groups, fc.nat(), fc.integer({ min: 0, max: 7 }), (counts, where, bit) => {
      const bytes = Buffer.from(segment(written(counts)))
      const at = header.length + (where % (bytes.length - header.length))
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
      const total = counts.reduce((sum, count) => sum + count, 0)
      const read = numbers(bytes)
      const isLastMark = at >= bytes.length - 41
      if (!isLastMark) assert.equal(read.length, total)
      const lost = read.flatMap((number, i) => (number === 0 ? [i] : []))
      assert.ok(lost.length <= Math.max(...counts))
      for (const [i, number] of read.entries()) assert.ok(number === 0 || number === TITLE.first + i)
    }),
    // Lengths that lead beyond the next mark, and into it.
    {
      examples: [
        [[4, 1], 3, 2],
        [[3, 1], 3, 1],
      ],
    },
  )
})

describe('frames that are missing, moved or copied', () => {
  test('make unreadable what they were; where they were drafts, what follows is read from the next mark on', () => {
    fc.assert(
      fc.property(groups, fc.nat(), fc.nat(), fc.constantFrom('drop', 'swap', 'copy'), (counts, a, b, what) => {
        const pieces = written([...counts, 1])
        const [i, j] = [a % (pieces.length - 2), b % (pieces.length - 2)]
        const altered = [...pieces]
        const [one, other] = [pieces[i], pieces[j]]
        assert.ok(one !== undefined && other !== undefined)
        if (what === 'drop') altered.splice(i, 1)
        else if (what === 'copy') altered.splice(j, 0, one)
        else {
          altered[i] = other
          altered[j] = one
        }
        const read = numbers(segment(altered))
        const total = counts.reduce((sum, count) => sum + count, 0) + 1
        assert.equal(read.length, total, 'each is read, or said to be unreadable')
        const areDrafts = one.kind === 'draft' && other.kind === 'draft'
        if (areDrafts || what === 'drop') assert.equal(read.at(-1), TITLE.first + total - 1)
      }),
    )
  })

  test('at the end are beyond what can be known, but where another segment follows', () => {
    const pieces = written([2, 2])
    const cut = segment(pieces.slice(0, 3))
    assert.deepEqual(numbers(cut), [17, 18])
    assert.deepEqual(numbers(cut, 21), [17, 18, 0, 0])
    assert.deepEqual(numbers(segment(pieces), 19), [17, 18])
  })
})

test('a group that was never acknowledged is read as far as it is whole', () => {
  const pieces = written([1, 3])
  const bytes = segment(pieces.slice(0, -1))
  assert.deepEqual(numbers(bytes), [17, 18, 19, 20])
  assert.deepEqual(numbers(bytes.subarray(0, bytes.length - 1)), [17, 18, 19])
})

test('what another version wrote is unreadable, and kept', () => {
  const plain = Buffer.from(encodeWaiting(draft(18)))
  const later = Buffer.from(plain.toString('latin1').replace('"v":1', '"v":2'), 'latin1')
  const frame = encodeDraftFrame(seal, TITLE, 17, later)
  assert.deepEqual(numbers(concatBytes(header, frame, encodeMark(seal, TITLE, 18))), [0])
})
