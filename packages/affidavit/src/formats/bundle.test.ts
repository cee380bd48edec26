import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import fc from 'fast-check'

import { fromHex, toHex } from '../bytes/hex.ts'
import { decodeBundle, encodeBundle } from './bundle.ts'

interface BundleVectors {
  bundles: { name: string; width: number; entriesHex: string[]; bundleHex: string }[]
  lies: { name: string; width: number; bundleHex: string; lie: string }[]
}

const vectors: BundleVectors = JSON.parse(
  readFileSync(new URL('../../testdata/proof/bundle.json', import.meta.url), 'utf8'),
)

function bytes(hex: string): Uint8Array {
  const decoded = fromHex(hex)
  assert.ok(decoded !== undefined)
  return decoded
}

for (const { name, width, entriesHex, bundleHex } of vectors.bundles) {
  test(`a bundle is encoded and decoded: ${name}`, () => {
    assert.equal(toHex(encodeBundle(entriesHex.map(bytes))), bundleHex)
    const entries = decodeBundle(bytes(bundleHex), width)
    assert.ok(!('code' in entries))
    assert.deepEqual(entries.map(toHex), entriesHex)
  })
}

for (const { name, width, bundleHex, lie } of vectors.lies) {
  test(`refused as a bundle: ${name}`, () => {
    const entries = decodeBundle(bytes(bundleHex), width)
    assert.equal('code' in entries ? entries.code : 'accepted', lie)
  })
}

test('a fault says which entry is cut, and where', () => {
  assert.deepEqual(decodeBundle(bytes('00010000ff'), 3), { code: 'bundle-truncated', entry: 1, offset: 3 })
  assert.deepEqual(decodeBundle(bytes('0001aaff00'), 1), { code: 'bundle-trailing-bytes', offset: 3, count: 2 })
})

const anyEntries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 })

test('what is encoded is decoded, and every shorter cut of it is refused', () => {
  fc.assert(
    fc.property(anyEntries, fc.nat(), (entries, cut) => {
      const bundle = encodeBundle(entries)
      const decoded = decodeBundle(bundle, entries.length)
      assert.ok(!('code' in decoded))
      assert.deepEqual(decoded.map(toHex), entries.map(toHex))
      const lie = decodeBundle(bundle.subarray(0, cut % bundle.length), entries.length)
      assert.equal('code' in lie && lie.code, 'bundle-truncated')
    }),
  )
})

// The format read once more, one byte after the other.
function naiveDecode(bundle: Uint8Array): string[] | undefined {
  const rest = [...bundle]
  const entries: string[] = []
  while (rest.length > 0) {
    const [high, low] = rest.splice(0, 2)
    if (high === undefined || low === undefined || rest.length < high * 256 + low) return undefined
    entries.push(toHex(Uint8Array.from(rest.splice(0, high * 256 + low))))
  }
  return entries
}

test('hostile bytes never throw, and are read as a naive reader reads them', () => {
  const small = fc.uint8Array({ max: 3, maxLength: 30 })
  fc.assert(
    fc.property(fc.oneof(small, fc.uint8Array({ maxLength: 30 })), fc.integer({ min: 1, max: 8 }), (bundle, width) => {
      const entries = decodeBundle(bundle, width)
      const naive = naiveDecode(bundle)
      if ('code' in entries) assert.ok(naive?.length !== width)
      else assert.deepEqual(entries.map(toHex), naive)
    }),
    { numRuns: 500 },
  )
})

test('the largest bundle: 256 entries of 65,535 bytes', () => {
  const entries = Array.from({ length: 256 }, () => new Uint8Array(65_535).fill(0xee))
  const bundle = encodeBundle(entries)
  assert.equal(bundle.length, 256 * 65_537)
  const decoded = decodeBundle(bundle, 256)
  assert.ok(!('code' in decoded))
  assert.equal(decoded[255]?.length, 65_535)
})

test('what no bundle can hold is not encoded', () => {
  assert.throws(() => encodeBundle([]), RangeError)
  assert.throws(() => encodeBundle(Array.from({ length: 257 }, () => new Uint8Array())), RangeError)
  assert.throws(() => encodeBundle([new Uint8Array(65_536)]), /at most 65535 bytes/)
  for (const width of [0, 257, 1.5, Number.NaN]) assert.throws(() => decodeBundle(new Uint8Array(2), width), RangeError)
})
