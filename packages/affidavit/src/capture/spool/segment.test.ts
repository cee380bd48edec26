import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, test } from 'node:test'

import { concatBytes } from '../../bytes/compare.ts'
import { utf8 } from '../../bytes/text.ts'
import { createRandomSource } from '../../crypto/random.ts'
import { createSpooling } from '../../ledger/spooling.ts'
import {
  encodeDraftFrame,
  encodeHeader,
  encodeMark,
  findMark,
  framesIn,
  openDraftFrame,
  openMark,
  opensHeader,
  readHeader,
  type SegmentTitle,
} from './segment.ts'

const seal = spoolingOf('a.example/agents/0123456789abcdef', 'x')
const TITLE: SegmentTitle = {
  ledger: 'a.example/agents',
  spool: '00112233445566778899aabbccddeeff',
  first: 17,
  since: '2026-11-21T09:30:00.000Z',
}

function spoolingOf(origin: string, digit: string) {
  const digestKey = createSecretKey(Buffer.alloc(32, digit))
  return createSpooling(origin, { digestKey }, createRandomSource())
}

test('a header says whose it is in lines that people can read', () => {
  const bytes = encodeHeader(seal, TITLE)
  const [text, check] = Buffer.from(bytes).toString('utf8').split('check ')
  assert.equal(
    text,
    'affidavit spool v1\nledger a.example/agents\nspool 00112233445566778899aabbccddeeff\nfirst 17\nsince 2026-11-21T09:30:00.000Z\n',
  )
  assert.match(String(check), /^[A-Za-z0-9+/]{38}==\n\n$/)
  const read = readHeader(concatBytes(bytes, utf8('whatever follows')))
  assert.ok(read.state === 'read')
  assert.deepEqual({ title: read.title, size: read.size }, { title: TITLE, size: bytes.length })
  assert.ok(opensHeader(seal, read))
})

describe('a header is not taken for another', () => {
  test('where a bit of it is flipped', () => {
    const bytes = encodeHeader(seal, TITLE)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const read = readHeader(flipped)
      // What base64 does not use of its last digit changes nothing.
      if (read.state === 'read' && opensHeader(seal, read)) assert.deepEqual(read.title, TITLE)
    }
  })

  test('where it was written with other keys, or for another ledger', () => {
    for (const other of [spoolingOf('a.example/agents/0', 'y'), spoolingOf('b.example/agents/0', 'x')]) {
      const read = readHeader(encodeHeader(other, TITLE))
      assert.ok(read.state === 'read' && !opensHeader(seal, read))
    }
  })

  test('where it was cut: then its writer died, or nobody can read it', () => {
    const bytes = encodeHeader(seal, TITLE)
    for (let size = 0; size < bytes.length; size++) {
      assert.equal(readHeader(bytes.subarray(0, size)).state, 'torn')
      assert.equal(readHeader(concatBytes(bytes.subarray(0, size), new Uint8Array(50))).state, 'torn')
    }
    assert.equal(readHeader(concatBytes(bytes.subarray(0, 30), new Uint8Array(2_000))).state, 'damaged')
    assert.equal(readHeader(utf8('something else')).state, 'damaged')
  })

  test('where it is of a later version', () => {
    assert.equal(readHeader(utf8('affidavit spool v2\nledger a\n')).state, 'newer')
  })
})

test('what waits while a ledger is restored opens for the one that continues it', () => {
  const frame = encodeDraftFrame(seal, TITLE, 17, utf8('draft'))
  const [{ sealed } = { sealed: new Uint8Array() }] = framesIn(frame, 0)
  const restored = spoolingOf('a.example/agents/fedcba9876543210', 'x')
  assert.deepEqual(Buffer.from(openDraftFrame(restored, TITLE, 17, sealed) ?? []).toString(), 'draft')
})

test('a draft opens in its place alone', () => {
  const [{ sealed } = { sealed: new Uint8Array() }] = framesIn(encodeDraftFrame(seal, TITLE, 18, utf8('draft')), 0)
  const open = (title: Partial<SegmentTitle>, number = 18) =>
    openDraftFrame(seal, { ...TITLE, ...title }, number, sealed)
  assert.equal(Buffer.from(open({}) ?? []).toString(), 'draft')
  assert.equal(open({}, 17), undefined)
  assert.equal(open({ first: 18 }), undefined)
  assert.equal(open({ spool: 'ff112233445566778899aabbccddeeff' }), undefined)
  assert.equal(open({ ledger: 'b.example/agents' }), undefined)
  assert.equal(open({ since: '2026-11-21T09:30:00.001Z' }), undefined)
  assert.equal(openMark(seal, TITLE, sealed), undefined)
  for (const other of [spoolingOf('a.example/agents/0', 'y'), spoolingOf('b.example/agents/0', 'x')]) {
    assert.equal(openDraftFrame(other, TITLE, 18, sealed), undefined)
  }
  for (let at = 0; at < sealed.length; at++) {
    const altered = Uint8Array.from(sealed)
    altered[at] = (altered[at] ?? 0) ^ 1
    assert.equal(openDraftFrame(seal, TITLE, 18, altered), undefined)
  }
})

test('the same draft twice shows nothing of itself, nor that it is the same', () => {
  const plain = utf8('Eleanor Vance '.repeat(10))
  const [a, b] = [encodeDraftFrame(seal, TITLE, 18, plain), encodeDraftFrame(seal, TITLE, 18, plain)]
  assert.notDeepEqual(a, b)
  assert.ok(!Buffer.from(a).includes('Eleanor'))
})

test('frames are followed as far as they are whole', () => {
  const frames = [1, 2, 3].map((i) => encodeDraftFrame(seal, TITLE, 16 + i, new Uint8Array(i * 100)))
  const bytes = concatBytes(...frames, encodeMark(seal, TITLE, 20))
  const follow = (size: number): [number, number] => {
    const followed = [...framesIn(bytes.subarray(0, size), 0)]
    return [followed.length, followed.at(-1)?.end ?? 0]
  }
  assert.deepEqual(follow(bytes.length), [4, bytes.length])
  let [whole, end] = [0, 0]
  for (let size = 0; size < bytes.length; size++) {
    const length = frames[whole]?.length ?? Number.POSITIVE_INFINITY
    if (size === end + length) [whole, end] = [whole + 1, size]
    assert.deepEqual(follow(size), [whole, end])
  }
})

test('a mark is found behind whatever is damaged, and nothing else is taken for one', () => {
  const mark = encodeMark(seal, TITLE, 20)
  const noise = concatBytes(mark.subarray(0, 20), mark.subarray(0, 5), new Uint8Array(100))
  const found = (bytes: Uint8Array, title = TITLE): number => findMark(seal, title, bytes, 0, bytes.length)
  assert.equal(found(concatBytes(noise, mark, noise)), noise.length)
  assert.equal(found(noise), noise.length)
  assert.equal(found(concatBytes(noise, mark), { ...TITLE, first: 1 }), noise.length + mark.length)
  assert.equal(findMark(seal, TITLE, concatBytes(mark, mark), 1, 2), 2)
})
