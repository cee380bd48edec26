// Vectors of other implementations: transparency-dev/merkle and a log that Tessera wrote. Skipped where they are not at hand.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { sharedFolder } from '../../test/shared-vectors.ts'
import { fromBase64 } from '../bytes/base64.ts'
import { concatBytes } from '../bytes/compare.ts'
import { parseDecimal } from '../bytes/decimal.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import type { Hash } from '../crypto/sha256.ts'
import { buildConsistency, checkConsistency, planConsistency } from './consistency.ts'
import { createGrowth, emptyFrontier, type Growth } from './growth.ts'
import { leafHash } from './hash.ts'
import { buildInclusion, checkInclusion, planInclusion } from './inclusion.ts'
import { locateNode, type NodeId } from './node.ts'
import { parseTilePath, planTile, tilePath } from './tile.ts'

interface ForeignInclusion {
  leafIdx: number
  treeSize: number
  root: string
  leafHash: string
  proof: string[] | null
  wantErr: boolean
  _path: string
}

interface ForeignConsistency {
  size1: number
  size2: number
  root1: string
  root2: string
  proof: string[] | null
  wantErr: boolean
  _path: string
}

const shared = sharedFolder()
const skip = shared === undefined ? 'no folder of foreign vectors beside the checkout' : false

describe('foreign Merkle vectors', { skip }, () => {
  const folder = join(shared ?? '', 'vectors')
  const log = join(folder, 'tessera-testlog')

  test('98 inclusion claims of transparency-dev/merkle get its verdict', () => {
    const { vectors }: { vectors: ForeignInclusion[] } = load(join(folder, 'merkle/inclusion.json'))
    assert.equal(vectors.length, 98)
    for (const claim of vectors) {
      // An index of 2^64 - 1 is read as the nearest double, 2^64: refused as no count either way.
      const fault = checkInclusion({
        proof: (claim.proof ?? []).map(fromBase64Text),
        index: claim.leafIdx,
        leaf: fromBase64Text(claim.leafHash),
        size: claim.treeSize,
        root: fromBase64Text(claim.root),
      })
      assert.equal(fault !== undefined, claim.wantErr, claim._path)
    }
  })

  test('98 consistency claims of transparency-dev/merkle get its verdict', () => {
    const { vectors }: { vectors: ForeignConsistency[] } = load(join(folder, 'merkle/consistency.json'))
    assert.equal(vectors.length, 98)
    for (const claim of vectors) {
      const proof = (claim.proof ?? []).map(fromBase64Text)
      const from = { size: claim.size1, root: fromBase64Text(claim.root1) }
      const to = { size: claim.size2, root: fromBase64Text(claim.root2) }
      const heads = { from: { ...from, root: asHash(from.root) }, to: { ...to, root: asHash(to.root) } }
      assert.equal(checkConsistency({ proof, ...heads }) !== undefined, claim.wantErr, claim._path)
      // Stricter than the vectors: where the verdict does not turn on a root, some give a word in its place, which we refuse.
      const isHash = from.root.length === 32 && to.root.length === 32
      if (!isHash) assert.ok(checkConsistency({ proof, from, to }), claim._path)
    }
  })

  test('the roots of the standard entries are the known ones', () => {
    const known: { rfc6962_standard_leaves_hex: string[]; rfc6962_roots_for_sizes_0_to_8: string[] } = load(
      join(folder, 'notes-and-roots.json'),
    )
    const growth = createGrowth(emptyFrontier)
    const roots = [toHex(growth.root())]
    for (const entry of known.rfc6962_standard_leaves_hex) {
      growth.append(leafHash(fromHex(entry) ?? assert.fail(entry)))
      roots.push(toHex(growth.root()))
    }
    assert.deepEqual(roots, known.rfc6962_roots_for_sizes_0_to_8)
  })

  test('the checkpoints of the Tessera log have the roots that its entries lead to', () => {
    const files = globSync('checkpoint.*', { cwd: log })
    assert.equal(files.length, 16)
    for (const file of files) {
      const [, size = '', root = ''] = readFileSync(join(log, file), 'utf8').split('\n')
      const { growth } = logOf(parseDecimal(size) ?? assert.fail(size))
      assert.equal(toHex(growth.root()), toHex(fromBase64Text(root)), file)
    }
  })

  test('every hash tile of the Tessera log is recomputed from its entry bundle', () => {
    const paths = globSync('tile/[0-9]*/**/*', { cwd: log, withFileTypes: true }).filter((file) => file.isFile())
    assert.equal(paths.length, 15)
    for (const file of paths) {
      const path = join(file.parentPath, file.name).slice(log.length + 1)
      const tile = parseTilePath(path) ?? assert.fail(path)
      if (tile.level === 'entries') assert.fail(path)
      const { read } = logOf(tile.width)
      assert.equal(toHex(readFileSync(join(log, path))), toHex(concatBytes(...planTile(tile).map(read))), path)
    }
  })

  test('every proof between and in the trees of the Tessera log holds', () => {
    const heads = Array.from({ length: 15 }, (_, before) => ({
      size: before + 1,
      root: logOf(before + 1).growth.root(),
    }))
    for (const to of heads) {
      const { read } = logOf(to.size)
      for (const from of heads.slice(0, to.size)) {
        const proof = buildConsistency(planConsistency(from.size, to.size), read)
        assert.equal(checkConsistency({ proof, from, to }), undefined)
        const index = from.size - 1
        const path = buildInclusion(planInclusion(index, to.size), read)
        assert.equal(checkInclusion({ proof: path, index, leaf: read({ level: 0, index }), ...to }), undefined)
      }
    }
  })

  /** The first entries of the log, from the bundle that was served at that size, and a reader of the nodes stored with them. */
  function logOf(size: number): { growth: Growth; read: (id: NodeId) => Hash } {
    const growth = createGrowth(emptyFrontier)
    const bundle = size === 0 ? Buffer.alloc(0) : readFileSync(join(log, tilePath('entries', 0, size)))
    const stored: Uint8Array[] = []
    for (let at = 0; at < bundle.length; ) {
      const end = at + 2 + bundle.readUInt16BE(at)
      stored.push(growth.append(leafHash(bundle.subarray(at + 2, end))))
      at = end
    }
    assert.equal(growth.size, size)
    const read = (id: NodeId): Hash => {
      const { seq, offset } = locateNode(id)
      return stored[seq]?.subarray(offset, offset + 32) ?? assert.fail(`entry ${seq} is not in the bundle`)
    }
    return { growth, read }
  }
})

function load<Shape>(path: string): Shape {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** The root that a vector gives, or a hash in place of a word. */
function asHash(root: Uint8Array): Hash {
  return root.length === 32 ? root : leafHash(root)
}

function fromBase64Text(text: string): Uint8Array {
  return fromBase64(text) ?? assert.fail(`no base64: ${text}`)
}
