import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { naiveTree, numberedEntries, readNaive, sparseTree } from '../../test/oracle/naive-tree.ts'
import { verifiesInclusion } from '../../test/oracle/rfc9162-verify.ts'
import { concatBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import type { Hash } from '../crypto/sha256.ts'
import { createGrowth, emptyFrontier } from './growth.ts'
import { leafHash } from './hash.ts'
import { buildInclusion, checkInclusion, type InclusionClaim, planInclusion, rootFromInclusion } from './inclusion.ts'
import { locateNode, type NodeId } from './node.ts'

type Checked = InclusionClaim & { root: Hash }

const MAX = Number.MAX_SAFE_INTEGER
const noCounts = [Number.NaN, -1, 0.5, 2 ** 53, 2 ** 64, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
const entries = numberedEntries(70)
const trees = Array.from({ length: 71 }, (_, size) => naiveTree(entries.slice(0, size)))

test('the proof of every entry of every tree up to 70 is the PATH of the definition, and holds', () => {
  for (const tree of trees) {
    for (let index = 0; index < tree.size; index += 1) {
      const claim = honest(index, tree.size)
      assert.deepEqual(claim.proof.map(toHex), tree.path(index).map(toHex))
      assert.equal(checkInclusion(claim), undefined)
    }
  }
})

test('a proof is built from nodes as they were stored while the tree grew', () => {
  const growth = createGrowth(emptyFrontier)
  const blobs = entries.map((entry) => growth.append(leafHash(entry)))
  for (let size = 1; size <= 70; size += 1) {
    const read = (id: NodeId): Hash => {
      const { seq, offset } = locateNode(id)
      assert.ok(seq < size, 'a plan reads nothing from beyond its tree')
      return blobs[seq]?.subarray(offset, offset + 32) ?? assert.fail(`entry ${seq} was not stored`)
    }
    for (let index = 0; index < size; index += 1) {
      const proof = buildInclusion(planInclusion(index, size), read)
      assert.equal(checkInclusion({ ...honest(index, size), proof }), undefined)
    }
  }
})

test('proofs in trees of up to 2^53 - 1 entries are those of the definition, and hold', () => {
  fc.assert(
    fc.property(hugeEntry(), ({ index, size, other }) => {
      const { tree, claim } = hugeClaim(index, size, other)
      assert.deepEqual(claim.proof.map(toHex), tree.path(index).map(toHex))
      assert.equal(checkInclusion(claim), undefined)
    }),
  )
  for (const index of [0, 1, 2 ** 52 - 1, 2 ** 52, MAX - 1]) {
    assert.equal(checkInclusion(hugeClaim(index, MAX, 7).claim), undefined)
  }
})

test('the check agrees with the algorithm of RFC 9162 on true claims and on false ones', () => {
  const lie = fc.record({
    size: fc.integer({ min: 1, max: 70 }),
    index: fc.nat(70),
    claimedSize: fc.nat(72),
    claimedIndex: fc.nat(72),
    isHonest: fc.boolean(),
  })
  fc.assert(
    fc.property(lie, ({ size, index, claimedSize, claimedIndex, isHonest }) => {
      const claim = honest(index % size, size)
      const told = isHonest ? claim : { ...claim, size: claimedSize, index: claimedIndex }
      const { proof, leaf, root } = told
      const verdict = verifiesInclusion(proof, BigInt(told.index), leaf, BigInt(told.size), root)
      assert.equal(checkInclusion(told) === undefined, verdict)
    }),
    { numRuns: 500 },
  )
})

test('one changed bit in a proof hash, the leaf or the root is refused, wherever it is', () => {
  for (const size of [1, 2, 3, 6, 7, 8, 11]) {
    for (let index = 0; index < size; index += 1) {
      const claim = honest(index, size)
      for (const leaf of bitFlips(claim.leaf)) assertMismatch({ ...claim, leaf })
      for (const root of bitFlips(claim.root)) assertMismatch({ ...claim, root })
      for (const [position, hash] of claim.proof.entries()) {
        for (const flipped of bitFlips(hash)) assertMismatch({ ...claim, proof: claim.proof.with(position, flipped) })
      }
    }
  }
})

test('one changed bit anywhere in a proof from a huge tree is refused', () => {
  const bit = fc.record({ position: fc.nat(52), bit: fc.nat(255) })
  fc.assert(
    fc.property(hugeEntry(), bit, ({ index, size, other }, { position, bit }) => {
      const { claim } = hugeClaim(index, size, other)
      fc.pre(claim.proof.length > 0)
      const at = position % claim.proof.length
      const hash = claim.proof[at] ?? claim.leaf
      assertMismatch({ ...claim, proof: claim.proof.with(at, bitFlips(hash)[bit] ?? hash) })
    }),
  )
})

test('an entry that is claimed at any other index is refused', () => {
  for (let size = 1; size <= 40; size += 1) {
    for (let index = 0; index < size; index += 1) {
      for (let claimed = 0; claimed <= 64; claimed += 1) {
        if (claimed !== index) assert.ok(checkInclusion({ ...honest(index, size), index: claimed }))
      }
    }
  }
})

test('one changed bit of the index is refused in a tree of any size', () => {
  fc.assert(
    fc.property(hugeEntry(), fc.nat(52), ({ index, size, other }, bit) => {
      const { claim } = hugeClaim(index, size, other)
      assert.ok(checkInclusion({ ...claim, index: flipBit(index, bit) }))
    }),
  )
})

test('a claimed size is refused, unless the proof of that entry has the same shape in a tree of that size', () => {
  for (let size = 1; size <= 40; size += 1) {
    for (let index = 0; index < size; index += 1) {
      for (let claimed = 0; claimed <= 80; claimed += 1) {
        const fault = checkInclusion({ ...honest(index, size), size: claimed })
        // Left or right at each step: what a proof shows of the size. The signed head tells the rest.
        assert.equal(
          fault === undefined,
          shapeOf(index, claimed) === shapeOf(index, size),
          `${index} ${size} ${claimed}`,
        )
      }
    }
  }
})

test('a claimed size never holds with the root that a tree of that size has', () => {
  for (let size = 1; size <= 40; size += 1) {
    for (let claimed = 1; claimed <= 70; claimed += 1) {
      const root = trees[claimed]?.root() ?? new Uint8Array(0)
      const fault = checkInclusion({ ...honest(size - 1, size), size: claimed, root })
      assert.equal(fault === undefined, claimed === size)
    }
  }
})

test('a proof with a spare hash is refused', () => {
  for (const [index, size] of [
    [0, 1],
    [3, 7],
    [6, 7],
    [5, 8],
  ] as const) {
    const claim = honest(index, size)
    const expected = claim.proof.length
    for (const spare of [claim.leaf, claim.root, new Uint8Array(32)]) {
      for (const proof of [
        [...claim.proof, spare],
        [spare, ...claim.proof],
      ]) {
        assert.deepEqual(checkInclusion({ ...claim, proof }), { code: 'proof-length', expected, got: expected + 1 })
      }
    }
  }
})

test('a proof with a missing hash is refused', () => {
  const claim = honest(3, 7)
  for (let missing = 0; missing < 3; missing += 1) {
    const proof = claim.proof.toSpliced(missing, 1)
    assert.deepEqual(checkInclusion({ ...claim, proof }), { code: 'proof-length', expected: 3, got: 2 })
  }
  assert.deepEqual(checkInclusion({ ...claim, proof: [] }), { code: 'proof-length', expected: 3, got: 0 })
})

test('a proof whose hashes are reordered is refused', () => {
  const claim = honest(37, 70)
  for (let a = 0; a < claim.proof.length; a += 1) {
    for (let b = 0; b < a; b += 1) {
      const [first, second] = [claim.proof[a] ?? claim.leaf, claim.proof[b] ?? claim.leaf]
      assertMismatch({ ...claim, proof: claim.proof.with(a, second).with(b, first) })
    }
  }
  assertMismatch({ ...claim, proof: claim.proof.toReversed() })
})

test('an entry of another tree is refused', () => {
  const other = naiveTree(numberedEntries(8).toReversed())
  const claim = { ...honest(2, 8), root: other.root() }
  assert.deepEqual(checkInclusion(claim), { code: 'root-mismatch', expected: other.root(), got: rootOf(honest(2, 8)) })
})

test('only the signed size keeps a node from passing for the leaf of a smaller tree', () => {
  const tree = trees[8]
  assert.ok(tree)
  const claim = { proof: tree.path(2).slice(1), index: 1, leaf: tree.root(2, 4), size: 4, root: tree.root() }
  assert.equal(checkInclusion(claim), undefined)
  assert.deepEqual(checkInclusion({ ...claim, size: 8 }), { code: 'proof-length', expected: 3, got: 2 })
  // And no bytes of an entry have the hash of a node.
  const spelled = concatBytes(Uint8Array.of(1), tree.root(2, 3), tree.root(3, 4))
  assertMismatch({ ...claim, leaf: leafHash(spelled) })
})

test('an index at or beyond the size is refused', () => {
  const claim = honest(0, 5)
  for (const index of [5, 6, MAX]) {
    assert.deepEqual(checkInclusion({ ...claim, index }), { code: 'index-beyond-size', index, size: 5 })
  }
  assert.deepEqual(checkInclusion({ ...claim, size: 0 }), { code: 'index-beyond-size', index: 0, size: 0 })
})

test('a number that cannot count entries is refused, not computed with', () => {
  for (const got of noCounts) {
    assert.deepEqual(checkInclusion({ ...honest(0, 5), index: got }), { code: 'index-invalid', got })
    assert.deepEqual(checkInclusion({ ...honest(0, 5), size: got }), { code: 'size-invalid', of: 'size', got })
    assert.throws(() => planInclusion(got, 5), RangeError)
    assert.throws(() => planInclusion(0, got), RangeError)
  }
  assert.throws(() => planInclusion(5, 5), RangeError)
  assert.throws(() => planInclusion(0, 0), RangeError)
})

test('a hash that is not 32 bytes long is refused, and named', () => {
  const claim = honest(3, 7)
  for (const got of [0, 31, 33, 64]) {
    const bad = new Uint8Array(got)
    const fault = { code: 'hash-length', expected: 32, got }
    assert.deepEqual(checkInclusion({ ...claim, leaf: bad }), { ...fault, of: 'leaf' })
    assert.deepEqual(checkInclusion({ ...claim, root: bad }), { ...fault, of: 'root' })
    assert.deepEqual(checkInclusion({ ...claim, proof: claim.proof.with(2, bad) }), { ...fault, of: 'proof[2]' })
  }
})

test('a check never throws, whatever it is given', () => {
  const anyNumber = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.nat(20), fc.constantFrom(...noCounts))
  const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  const anyClaim = fc.record({
    proof: fc.array(anyBytes, { maxLength: 60 }),
    index: anyNumber,
    leaf: anyBytes,
    size: anyNumber,
    root: anyBytes,
  })
  fc.assert(
    fc.property(anyClaim, (claim) => {
      assert.equal(typeof checkInclusion(claim)?.code, 'string')
    }),
    { numRuns: 1000 },
  )
})

test('the root that a proof leads to is told without a root to compare with', () => {
  assert.equal(toHex(rootOf(honest(4, 7))), toHex(honest(4, 7).root))
  assert.deepEqual(rootFromInclusion({ ...honest(4, 7), proof: [] }), {
    fault: { code: 'proof-length', expected: 3, got: 0 },
  })
})

function honest(index: number, size: number): Checked {
  const tree = trees[size] ?? assert.fail(`no tree of ${size}`)
  const proof = buildInclusion(planInclusion(index, size), readNaive(tree))
  return { proof, index, leaf: tree.root(index, index + 1), size, root: tree.root() }
}

/** A tree too large to hold: all entries are alike except the one at `index` and a few others. */
function hugeClaim(
  index: number,
  size: number,
  other: number,
): { tree: ReturnType<typeof sparseTree>; claim: Checked } {
  const special = [0, other % size, size - 1, index].map((at) => [at, Buffer.from(`special ${at}`)] as const)
  const tree = sparseTree(size, Buffer.from('filler'), new Map(special))
  const proof = buildInclusion(planInclusion(index, size), readNaive(tree))
  return { tree, claim: { proof, index, leaf: tree.root(index, index + 1), size, root: tree.root() } }
}

function hugeEntry(): fc.Arbitrary<{ index: number; size: number; other: number }> {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 5000 }),
    fc.maxSafeNat().map((value) => Math.max(1, value)),
  )
  return fc
    .tuple(size, fc.maxSafeNat(), fc.maxSafeNat())
    .map(([size, index, other]) => ({ size, index: index % size, other }))
}

function rootOf(claim: InclusionClaim): Hash {
  const computed = rootFromInclusion(claim)
  return 'root' in computed ? computed.root : assert.fail(computed.fault.code)
}

function assertMismatch(claim: Checked): void {
  assert.equal(checkInclusion(claim)?.code, 'root-mismatch')
}

function bitFlips(hash: Hash): Hash[] {
  return Array.from({ length: hash.length * 8 }, (_, bit) =>
    hash.map((byte, at) => (at === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte)),
  )
}

function flipBit(value: number, bit: number): number {
  return Math.floor(value / 2 ** bit) % 2 === 1 ? value - 2 ** bit : value + 2 ** bit
}

/** On which side each hash of the proof stands, worked out from the definition; empty string for size 1. */
function shapeOf(index: number, size: number): string {
  if (index >= size) return 'no proof'
  if (size === 1) return ''
  let split = 1
  while (split * 2 < size) split *= 2
  return index < split ? `${shapeOf(index, split)}R` : `${shapeOf(index - split, size - split)}L`
}
