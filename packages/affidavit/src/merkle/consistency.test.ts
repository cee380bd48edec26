import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { naiveTree, numberedEntries, readNaive, sparseTree } from '../../test/oracle/naive-tree.ts'
import { verifiesConsistency } from '../../test/oracle/rfc9162-verify.ts'
import { toHex } from '../bytes/hex.ts'
import type { Hash } from '../crypto/sha256.ts'
import { buildConsistency, type ConsistencyClaim, checkConsistency, planConsistency } from './consistency.ts'
import { createGrowth, emptyFrontier } from './growth.ts'
import { EMPTY_ROOT, leafHash } from './hash.ts'
import { locateNode, type NodeId } from './node.ts'

const MAX = Number.MAX_SAFE_INTEGER
const noCounts = [Number.NaN, -1, 0.5, 2 ** 53, 2 ** 64, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
const entries = numberedEntries(80)
const trees = Array.from({ length: 81 }, (_, size) => naiveTree(entries.slice(0, size)))

test('the proof between any two sizes up to 70 is the PROOF of the definition, and holds', () => {
  for (let to = 1; to <= 70; to += 1) {
    for (let from = 1; from <= to; from += 1) {
      const claim = honest(from, to)
      assert.deepEqual(claim.proof.map(toHex), trees[to]?.proof(from).map(toHex))
      assert.equal(checkConsistency(claim), undefined)
    }
  }
})

test('a proof is built from nodes as they were stored while the tree grew', () => {
  const growth = createGrowth(emptyFrontier)
  const blobs = entries.map((entry) => growth.append(leafHash(entry)))
  for (let to = 1; to <= 70; to += 1) {
    const read = (id: NodeId): Hash => {
      const { seq, offset } = locateNode(id)
      assert.ok(seq < to, 'a plan reads nothing from beyond its tree')
      return blobs[seq]?.subarray(offset, offset + 32) ?? assert.fail(`entry ${seq} was not stored`)
    }
    for (let from = 1; from <= to; from += 1) {
      const proof = buildConsistency(planConsistency(from, to), read)
      assert.equal(checkConsistency({ ...honest(from, to), proof }), undefined)
    }
  }
})

test('proofs between trees of up to 2^53 - 1 entries are those of the definition, and hold', () => {
  fc.assert(
    fc.property(hugePair(), ({ from, to }) => {
      const { expected, claim } = hugeClaim(from, to)
      assert.deepEqual(claim.proof.map(toHex), expected.map(toHex))
      assert.equal(checkConsistency(claim), undefined)
    }),
  )
  for (const from of [1, 2, 3, 2 ** 52 - 1, 2 ** 52, 2 ** 52 + 1, MAX - 1, MAX]) {
    assert.equal(checkConsistency(hugeClaim(from, MAX).claim), undefined)
  }
})

test('the check agrees with the algorithm of RFC 9162 on true claims and on false ones', () => {
  for (let to = 1; to <= 20; to += 1) {
    for (let from = 1; from <= to; from += 1) {
      const { proof, ...heads } = honest(from, to)
      for (let claimedFrom = 0; claimedFrom <= 22; claimedFrom += 1) {
        for (let claimedTo = 0; claimedTo <= 22; claimedTo += 1) {
          const claim = {
            proof,
            from: { ...heads.from, size: claimedFrom },
            to: { ...heads.to, size: claimedTo },
          }
          const verdict = verifiesConsistency(
            proof,
            BigInt(claimedFrom),
            BigInt(claimedTo),
            heads.from.root,
            heads.to.root,
          )
          assert.equal(checkConsistency(claim) === undefined, verdict, `${from} ${to} ${claimedFrom} ${claimedTo}`)
        }
      }
    }
  }
})

test('one changed bit in a proof hash or in either root is refused, wherever it is', () => {
  for (const [from, to] of [
    [1, 2],
    [2, 3],
    [3, 7],
    [4, 7],
    [6, 8],
    [7, 8],
    [8, 11],
  ] as const) {
    const claim = honest(from, to)
    for (const root of bitFlips(claim.from.root)) assertMismatch({ ...claim, from: { size: from, root } })
    for (const root of bitFlips(claim.to.root)) assertMismatch({ ...claim, to: { size: to, root } })
    for (const [position, hash] of claim.proof.entries()) {
      for (const flipped of bitFlips(hash)) assertMismatch({ ...claim, proof: claim.proof.with(position, flipped) })
    }
  }
})

test('one changed bit anywhere in a proof between huge trees is refused', () => {
  const bit = fc.record({ position: fc.nat(53), bit: fc.nat(255) })
  fc.assert(
    fc.property(hugePair(), bit, ({ from, to }, { position, bit }) => {
      const { claim } = hugeClaim(from, to)
      fc.pre(claim.proof.length > 0)
      const at = position % claim.proof.length
      const hash = claim.proof[at] ?? claim.to.root
      assertMismatch({ ...claim, proof: claim.proof.with(at, bitFlips(hash)[bit] ?? hash) })
    }),
  )
})

test('an earlier size that is claimed wrongly is refused', () => {
  for (let to = 1; to <= 40; to += 1) {
    for (let from = 1; from <= to; from += 1) {
      const claim = honest(from, to)
      for (let claimed = 0; claimed <= 64; claimed += 1) {
        if (claimed === from) continue
        assert.ok(checkConsistency({ ...claim, from: { ...claim.from, size: claimed } }), `${from} ${to} ${claimed}`)
      }
    }
  }
})

test('a size with the root that a tree of another size has is refused', () => {
  for (let to = 2; to <= 24; to += 1) {
    for (let from = 1; from < to; from += 1) {
      const claim = honest(from, to)
      for (let other = 0; other <= 40; other += 1) {
        const root = trees[other]?.root() ?? EMPTY_ROOT
        if (other !== from) assert.ok(checkConsistency({ ...claim, from: { size: other, root } }))
        if (other !== from) assert.ok(checkConsistency({ ...claim, from: { size: from, root } }))
        if (other !== to) assert.ok(checkConsistency({ ...claim, to: { size: other, root } }))
        if (other !== to) assert.ok(checkConsistency({ ...claim, to: { size: to, root } }))
      }
    }
  }
})

test('a later tree in which an earlier entry was changed, dropped or inserted is refused', () => {
  const lies = {
    changed: entries.with(3, Buffer.from('another entry 3')),
    dropped: entries.toSpliced(3, 1),
    inserted: entries.toSpliced(3, 0, Buffer.from('entry 2 and a half')),
    swapped: entries.with(3, entries[4] ?? EMPTY_ROOT).with(4, entries[3] ?? EMPTY_ROOT),
  }
  for (const [what, told] of Object.entries(lies)) {
    for (let to = 6; to <= 40; to += 1) {
      for (let from = 5; from < to; from += 1) {
        const lie = naiveTree(told.slice(0, to))
        const proof = buildConsistency(planConsistency(from, to), readNaive(lie))
        const fault = checkConsistency({ proof, from: honest(from, to).from, to: { size: to, root: lie.root() } })
        // An earlier tree that is one perfect subtree (from 8, 16, 32) is the start of the way up: what differs is the end.
        assert.equal(fault?.code, Number.isInteger(Math.log2(from)) ? 'root-mismatch' : 'old-root-mismatch', what)
      }
    }
  }
})

test('a true proof of growth does not hold for a later root that is not the one it leads to', () => {
  const claim = honest(5, 9)
  const root = leafHash(Buffer.from('another tree'))
  assert.deepEqual(checkConsistency({ ...claim, to: { size: 9, root } }), {
    code: 'root-mismatch',
    expected: root,
    got: claim.to.root,
  })
})

test('two trees of one size need no proof and must have one root', () => {
  const { root } = honest(7, 7).from
  assert.deepEqual(planConsistency(7, 7), [])
  const other = leafHash(Buffer.from('another history'))
  const claim = { proof: [], from: { size: 7, root }, to: { size: 7, root: other } }
  assert.deepEqual(checkConsistency(claim), { code: 'roots-differ', from: root, to: other })
  assert.deepEqual(checkConsistency({ ...claim, to: { size: 7, root }, proof: [root] }), {
    code: 'proof-length',
    expected: 0,
    got: 1,
  })
})

test('a proof from size 0 is refused: it would prove nothing', () => {
  const empty = { size: 0, root: EMPTY_ROOT }
  assert.deepEqual(checkConsistency({ proof: [], from: empty, to: honest(1, 5).to }), { code: 'size-zero' })
  assert.deepEqual(checkConsistency({ proof: [], from: empty, to: empty }), { code: 'size-zero' })
  assert.throws(() => planConsistency(0, 5), RangeError)
})

test('sizes in the wrong order are refused', () => {
  const claim = honest(3, 7)
  const reversed = { proof: claim.proof, from: claim.to, to: claim.from }
  assert.deepEqual(checkConsistency(reversed), { code: 'sizes-reversed', from: 7, to: 3 })
  assert.throws(() => planConsistency(7, 3), RangeError)
})

test('a proof with a spare hash is refused', () => {
  for (const [from, to] of [
    [1, 2],
    [3, 7],
    [4, 8],
    [6, 8],
  ] as const) {
    const claim = honest(from, to)
    const expected = claim.proof.length
    for (const spare of [claim.from.root, claim.to.root, new Uint8Array(32)]) {
      for (const proof of [
        [...claim.proof, spare],
        [spare, ...claim.proof],
      ]) {
        assert.deepEqual(checkConsistency({ ...claim, proof }), { code: 'proof-length', expected, got: expected + 1 })
      }
    }
  }
})

test('a proof with a missing hash is refused', () => {
  for (const [from, to] of [
    [1, 2],
    [3, 7],
    [4, 8],
    [6, 8],
  ] as const) {
    const claim = honest(from, to)
    const expected = claim.proof.length
    for (let missing = 0; missing < expected; missing += 1) {
      const proof = claim.proof.toSpliced(missing, 1)
      assert.deepEqual(checkConsistency({ ...claim, proof }), { code: 'proof-length', expected, got: expected - 1 })
    }
    assert.deepEqual(checkConsistency({ ...claim, proof: [] }), { code: 'proof-length', expected, got: 0 })
  }
})

test('a proof whose hashes are reordered is refused', () => {
  const claim = honest(37, 70)
  for (let a = 0; a < claim.proof.length; a += 1) {
    for (let b = 0; b < a; b += 1) {
      const [first, second] = [claim.proof[a] ?? EMPTY_ROOT, claim.proof[b] ?? EMPTY_ROOT]
      assertMismatch({ ...claim, proof: claim.proof.with(a, second).with(b, first) })
    }
  }
  assertMismatch({ ...claim, proof: claim.proof.toReversed() })
})

test('a number that cannot count entries is refused, not computed with', () => {
  const { proof, from, to } = honest(3, 7)
  for (const got of noCounts) {
    const wrongFrom = checkConsistency({ proof, from: { ...from, size: got }, to })
    assert.deepEqual(wrongFrom, { code: 'size-invalid', of: 'from.size', got })
    const wrongTo = checkConsistency({ proof, from, to: { ...to, size: got } })
    assert.deepEqual(wrongTo, { code: 'size-invalid', of: 'to.size', got })
    assert.throws(() => planConsistency(got, 7), RangeError)
    assert.throws(() => planConsistency(1, got), RangeError)
  }
})

test('a hash that is not 32 bytes long is refused, and named', () => {
  const claim = honest(3, 7)
  for (const got of [0, 31, 33, 64]) {
    const root = new Uint8Array(got)
    const fault = { code: 'hash-length', expected: 32, got }
    assert.deepEqual(checkConsistency({ ...claim, from: { size: 3, root } }), { ...fault, of: 'from.root' })
    assert.deepEqual(checkConsistency({ ...claim, to: { size: 7, root } }), { ...fault, of: 'to.root' })
    for (const position of [0, 3]) {
      const proof = claim.proof.with(position, root)
      assert.deepEqual(checkConsistency({ ...claim, proof }), { ...fault, of: `proof[${position}]` })
    }
  }
})

test('a check never throws, whatever it is given', () => {
  const anyNumber = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.nat(20), fc.constantFrom(...noCounts))
  const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  const anyHead = fc.record({ size: anyNumber, root: anyBytes })
  const anyClaim = fc.record({ proof: fc.array(anyBytes, { maxLength: 60 }), from: anyHead, to: anyHead })
  fc.assert(
    fc.property(anyClaim, (claim) => {
      assert.equal(typeof checkConsistency(claim)?.code, 'string')
    }),
    { numRuns: 1000 },
  )
})

function honest(from: number, to: number): ConsistencyClaim {
  const [earlier, later] = [trees[from], trees[to]]
  assert.ok(earlier && later, `no trees of ${from} and ${to}`)
  const proof = buildConsistency(planConsistency(from, to), readNaive(later))
  return { proof, from: { size: from, root: earlier.root() }, to: { size: to, root: later.root() } }
}

/** Trees too large to hold: all entries are alike except a few, on both sides of the earlier size. */
function hugeClaim(from: number, to: number): { expected: Uint8Array[]; claim: ConsistencyClaim } {
  const special = [0, from - 1, Math.min(from, to - 1), to - 1].map((at) => [at, Buffer.from(`special ${at}`)] as const)
  const tree = sparseTree(to, Buffer.from('filler'), new Map(special))
  const proof = buildConsistency(planConsistency(from, to), readNaive(tree))
  const claim = { proof, from: { size: from, root: tree.root(0, from) }, to: { size: to, root: tree.root() } }
  return { expected: tree.proof(from), claim }
}

function hugePair(): fc.Arbitrary<{ from: number; to: number }> {
  const size = fc.oneof(
    fc.integer({ min: 1, max: 5000 }),
    fc.maxSafeNat().map((value) => Math.max(1, value)),
  )
  return fc.tuple(size, size).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))
}

function assertMismatch(claim: ConsistencyClaim): void {
  assert.match(checkConsistency(claim)?.code ?? 'accepted', /^(old-)?root-mismatch$/)
}

function bitFlips(hash: Hash): Hash[] {
  return Array.from({ length: hash.length * 8 }, (_, bit) =>
    hash.map((byte, at) => (at === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte)),
  )
}
