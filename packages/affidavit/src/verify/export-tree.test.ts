import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'

import { naiveTree } from '../../test/oracle/naive-tree.ts'
import { utf8 } from '../bytes/text.ts'
import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'
import { createGrowth, emptyFrontier } from '../merkle/growth.ts'
import { leafHash } from '../merkle/hash.ts'
import { tilePath, tilesOfTree, tileWidth } from '../merkle/tile.ts'
import { createExportTree, GROUP, type Hashes } from './export-tree.ts'
import { createFindings, type Finding } from './finding.ts'
import type { Folder } from './folder.ts'

type Tiles = Map<string, Buffer>

/** A log that has only its hashes, and its tiles. */
interface Sample {
  readonly leaves: readonly Hash[]
  readonly tiles: Tiles
  readonly root: Hash
}

function sample(size: number): Sample {
  const leaves = Array.from({ length: size }, (_, seq) => leafHash(utf8(`entry ${seq}`)))
  const growth = createGrowth(emptyFrontier)
  for (const leaf of leaves) growth.append(leaf)
  const tiles: Tiles = new Map()
  const rows: Hash[][] = []
  for (const { level, index, width } of tilesOfTree(size)) {
    const row = level === 0 ? leaves : (rows[level - 1] ?? [])
    const hashes = row.slice(index * GROUP, index * GROUP + width)
    tiles.set(tilePath(level, index, width), Buffer.concat(hashes))
    if (width < GROUP) continue
    const above = createGrowth(emptyFrontier)
    for (const hash of hashes) above.append(hash)
    rows[level] = [...(rows[level] ?? []), above.root()]
  }
  return { leaves, tiles, root: growth.root() }
}

/** A folder of nothing but tiles. */
function folderOf(tiles: Tiles): Folder {
  return {
    read: (path, limit) => {
      const bytes = tiles.get(path)
      if (bytes === undefined) return 'missing'
      return bytes.length > limit ? 'too long' : Uint8Array.from(bytes)
    },
    open: async () => 'missing',
    list: () => [],
  }
}

interface Walked {
  readonly findings: readonly Finding[]
  readonly accepted: Hashes
  readonly roots: ReadonlyMap<number, Hash | undefined>
}

/** Walks the tree; `known` says which hashes the entries give. */
function walk(
  { leaves, tiles, root }: Sample,
  known: (seq: number) => Hash | undefined,
  sizes: readonly number[] = [],
): Walked {
  const findings = createFindings()
  const tree = createExportTree({ size: leaves.length, root }, folderOf(tiles), sizes, findings)
  const accepted: (Hash | undefined)[] = []
  for (let at = 0; at < leaves.length; at += GROUP) {
    const width = Math.min(GROUP, leaves.length - at)
    accepted.push(...tree.settle(Array.from({ length: width }, (_, i) => known(at + i))))
  }
  return { findings: findings.first, accepted, roots: tree.roots }
}

function altered({ leaves, tiles, root }: Sample, path: string, place: number): Sample {
  const bytes = Buffer.from(tiles.get(path) ?? assert.fail(`no ${path}`))
  bytes[place * HASH_BYTES] = (bytes[place * HASH_BYTES] ?? 0) ^ 1
  return { leaves, tiles: new Map([...tiles, [path, bytes]]), root }
}

const SIZES = [1, 2, 3, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537, 66_200]
const SAMPLES = new Map(SIZES.map((size) => [size, sample(size)]))
const sampleOf = (size: number): Sample => SAMPLES.get(size) ?? assert.fail(`no sample of ${size}`)

for (const size of SIZES) {
  test(`the tiles of ${size} entries lead to the root, with every entry at hand and with none`, () => {
    const whole = sampleOf(size)
    for (const known of [(seq: number) => whole.leaves[seq], () => undefined]) {
      const { findings, accepted } = walk(whole, known)
      assert.deepEqual(findings, [])
      assert.deepEqual(accepted, whole.leaves)
    }
  })
}

test('roots of smaller sizes are those of the naive tree', () => {
  const whole = sampleOf(600)
  const naive = naiveTree(whole.leaves.map((_, seq) => utf8(`entry ${seq}`)))
  const sizes = Array.from({ length: 600 }, (_, i) => i + 1)
  const { roots } = walk(whole, () => undefined, sizes)
  for (const size of sizes) assert.deepEqual(roots.get(size), naive.root(0, size), `size ${size}`)
})

test('roots of smaller sizes are those of the growing tree, across the levels of tiles', () => {
  const whole = sampleOf(66_200)
  const sizes = [1, 256, 257, 65_279, 65_280, 65_281, 65_535, 65_536, 65_537, 65_792, 66_000, 66_200]
  const { roots } = walk(whole, () => undefined, sizes)
  const growth = createGrowth(emptyFrontier)
  for (const leaf of whole.leaves) {
    growth.append(leaf)
    if (sizes.includes(growth.size)) assert.deepEqual(roots.get(growth.size), growth.root(), `size ${growth.size}`)
  }
})

describe('which of two that differ was altered', () => {
  for (const size of [1, 2, 255, 256, 257, 512, 600, 65_537, 66_200]) {
    const whole = sampleOf(size)

    test(`of ${size} entries: an entry`, () => {
      fc.assert(
        fc.property(fc.nat({ max: size - 1 }), (seq) => {
          const lie = leafHash(utf8('a lie'))
          const { findings, accepted } = walk(whole, (at) => (at === seq ? lie : whole.leaves[at]))
          assert.deepEqual(findings, [])
          assert.deepEqual(accepted[seq], whole.leaves[seq])
        }),
        { numRuns: size > 1_000 ? 2 : 20 },
      )
    })

    test(`of ${size} entries: a hash of a tile of any level, with every entry at hand`, () => {
      for (const [path, place] of placesToAlter(size)) {
        const { findings, accepted } = walk(altered(whole, path, place), (at) => whole.leaves[at])
        assert.deepEqual(
          findings.map(({ code, what }) => [code, what]),
          [['tile-altered', path]],
        )
        assert.deepEqual(accepted, whole.leaves)
      }
    })

    test(`of ${size} entries: a hash of a tile of any level, with no entry at hand`, () => {
      for (const [path, place] of placesToAlter(size)) {
        const { findings } = walk(altered(whole, path, place), () => undefined)
        // Of a partial tile of level 0 nothing else knows the hashes: only that the tree is not the signed one shows.
        const what = /^tile\/0\/.*\.p/.test(path) ? 'tile' : path
        assert.deepEqual(
          findings.map((found) => [found.code, found.what]),
          [['tile-altered', what]],
        )
      }
    })
  }

  test('a tile below and its hash above, altered to fit: found at the level over both', () => {
    const whole = sampleOf(66_200)
    const low = altered(whole, 'tile/0/007', 3)
    const below = low.tiles.get('tile/0/007') ?? assert.fail()
    const growth = createGrowth(emptyFrontier)
    for (let i = 0; i < GROUP; i++) growth.append(below.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))
    const high = Buffer.from(whole.tiles.get('tile/1/000') ?? assert.fail())
    high.set(growth.root(), 7 * HASH_BYTES)
    const fitted = { ...low, tiles: new Map([...low.tiles, ['tile/1/000', high]]) }
    const { findings } = walk(fitted, () => undefined)
    assert.deepEqual(
      findings.map(({ code, what, seq }) => [code, what, seq]),
      [['tile-altered', 'tile/1/000', 0]],
    )
  })
})

test('a missing tile of any level is named, and the rest still leads to the root', () => {
  for (const size of [1, 257, 600, 66_200]) {
    const whole = sampleOf(size)
    for (const [path] of placesToAlter(size)) {
      const without = new Map(whole.tiles)
      without.delete(path)
      const { findings, accepted } = walk({ ...whole, tiles: without }, (at) => whole.leaves[at])
      assert.deepEqual(
        findings.map(({ code, what }) => [code, what]),
        [['tile-missing', path]],
      )
      assert.deepEqual(accepted, whole.leaves)
    }
  }
})

test('another root than that of the tiles is found', () => {
  for (const size of SIZES) {
    const whole = sampleOf(size)
    const { findings } = walk({ ...whole, root: leafHash(utf8('a lie')) }, () => undefined)
    assert.deepEqual(
      findings.map(({ code, what }) => [code, what]),
      [['tile-altered', 'tile']],
      `size ${size}`,
    )
  }
})

test('a size without tiles is given up after a while', () => {
  const size = Number.MAX_SAFE_INTEGER
  const findings = createFindings()
  const tree = createExportTree({ size, root: leafHash(utf8('x')) }, folderOf(new Map()), [], findings)
  let groups = 0
  for (; !tree.isLost(); groups++) tree.settle(Array.from({ length: GROUP }, () => undefined))
  assert.ok(groups < 2_000)
})

/** The first and the last hash of the first and the last tile of each level. */
function placesToAlter(size: number): [path: string, place: number][] {
  const places: [string, number][] = []
  for (let level = 0; tileWidth(level, 0, size) > 0; level++) {
    const last = Math.ceil(Math.floor(size / GROUP ** level) / GROUP) - 1
    for (const index of new Set([0, last])) {
      const width = tileWidth(level, index, size)
      for (const place of new Set([0, width - 1])) places.push([tilePath(level, index, width), place])
    }
  }
  return places
}
