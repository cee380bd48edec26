import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { naiveTree, numberedEntries, readNaive } from '../../test/oracle/naive-tree.ts'
import { concatBytes } from '../bytes/compare.ts'
import { toHex } from '../bytes/hex.ts'
import type { Hash } from '../crypto/sha256.ts'
import { buildConsistency, checkConsistency, planConsistency } from './consistency.ts'
import { planFrontier } from './growth.ts'
import { buildInclusion, checkInclusion, planInclusion } from './inclusion.ts'
import type { NodeId } from './node.ts'
import {
  type HashTile,
  nodeFromTile,
  parseTilePath,
  planTile,
  tileHashes,
  tileOfNode,
  tilePath,
  tilesOfTree,
  tileWidth,
} from './tile.ts'

const MAX = Number.MAX_SAFE_INTEGER
const noCounts = [Number.NaN, -1, 0.5, MAX + 1, Number.POSITIVE_INFINITY]
const tree = naiveTree(numberedEntries(600))
const readTree = readNaive(tree)

test('a tile path groups the digits of its index by three', () => {
  assert.equal(tilePath(0, 0, 256), 'tile/0/000')
  assert.equal(tilePath(0, 999, 256), 'tile/0/999')
  assert.equal(tilePath(1, 1000, 256), 'tile/1/x001/000')
  assert.equal(tilePath(0, 1_234_067, 5), 'tile/0/x001/x234/067.p/5')
  assert.equal(tilePath('entries', 1_234_067, 256), 'tile/entries/x001/x234/067')
  assert.equal(tilePath('entries', 0, 255), 'tile/entries/000.p/255')
  assert.equal(tilePath(63, 0, 1), 'tile/63/000.p/1')
  assert.equal(tilePath(0, MAX, 256), 'tile/0/x009/x007/x199/x254/x740/991')
})

test('a path is parsed back to the tile it was made from', () => {
  const level = fc.oneof(fc.nat(63), fc.constant('entries' as const))
  const tile = fc.record({
    level,
    index: fc.oneof(fc.nat(2000), fc.maxSafeNat()),
    width: fc.integer({ min: 1, max: 256 }),
  })
  fc.assert(
    fc.property(tile, ({ level, index, width }) => {
      assert.deepEqual(parseTilePath(tilePath(level, index, width)), { level, index, width })
    }),
  )
})

test('every other spelling of a tile path is refused', () => {
  const lies = {
    'no tile': 'checkpoint',
    'a leading slash': '/tile/0/000',
    'a trailing slash': 'tile/0/000/',
    'a trailing line feed': 'tile/0/000\n',
    'a leading zero in the level': 'tile/00/000',
    'a level above 63': 'tile/64/000',
    'a level of three digits': 'tile/100/000',
    'a negative level': 'tile/-1/000',
    'a level that is a word': 'tile/data/000',
    'no level': 'tile/000',
    'no index': 'tile/0',
    'an index of two digits': 'tile/0/00',
    'an index of four digits': 'tile/0/1234',
    'an empty group before the index': 'tile/0/x000/123',
    'a group without x': 'tile/0/001/234',
    'a last group with x': 'tile/0/x001/x234',
    'an upper-case x': 'tile/0/X001/234',
    'a group of two digits': 'tile/0/x01/234',
    'an index beyond 2^53 - 1': 'tile/0/x009/x007/x199/x254/x740/992',
    'an index of seven groups': 'tile/0/x001/x000/x000/x000/x000/x000/000',
    'a width of zero': 'tile/0/000.p/0',
    'a width that is full': 'tile/0/000.p/256',
    'a width beyond full': 'tile/0/000.p/257',
    'a width with a leading zero': 'tile/0/000.p/05',
    'a width with a sign': 'tile/0/000.p/+5',
    'a width that is missing': 'tile/0/000.p/',
    'a width that is missing with its slash': 'tile/0/000.p',
    'a width twice': 'tile/0/000.p/5.p/5',
    'digits that are not ASCII': 'tile/0/٠٠٠',
    'a way out of the folder': 'tile/0/../0/000',
    'an escaped slash': 'tile/0%2F000',
    'a query': 'tile/0/000?',
    nothing: '',
  }
  for (const [what, path] of Object.entries(lies)) assert.equal(parseTilePath(path), undefined, what)
})

test('whatever is parsed as a tile path is spelled canonically', () => {
  const part = fc.constantFrom(
    'tile',
    '/',
    '0',
    '1',
    '000',
    '001',
    'x',
    'x001',
    '.p',
    '.p/',
    '5',
    '256',
    'entries',
    '-',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const path = `tile/${parts.join('')}`
      const tile = parseTilePath(path)
      if (tile) assert.equal(tilePath(tile.level, tile.index, tile.width), path)
    }),
    { numRuns: 1000 },
  )
})

test('a tile that cannot exist has no path and no plan', () => {
  for (const bad of noCounts) {
    assert.throws(() => tilePath(bad, 0, 256), RangeError)
    assert.throws(() => tilePath(0, bad, 256), RangeError)
    assert.throws(() => tilePath(0, 0, bad), RangeError)
    assert.throws(() => planTile({ level: bad, index: 0, width: 1 }), RangeError)
    assert.throws(() => planTile({ level: 0, index: bad, width: 1 }), RangeError)
    assert.throws(() => planTile({ level: 0, index: 0, width: bad }), RangeError)
  }
  for (const width of [0, 257]) {
    assert.throws(() => tilePath(0, 0, width), RangeError)
    assert.throws(() => planTile({ level: 0, index: 0, width }), RangeError)
    assert.throws(() => tileHashes(new Uint8Array(0), width), RangeError)
  }
  assert.throws(() => tilePath(64, 0, 256), RangeError)
  assert.throws(() => planTile({ level: 7, index: 0, width: 1 }), RangeError)
  assert.throws(() => planTile({ level: 63, index: 0, width: 1 }), RangeError)
})

test('a tree consists of these tiles', () => {
  assert.deepEqual(pathsOf(0), [])
  assert.deepEqual(pathsOf(1), ['tile/0/000.p/1'])
  assert.deepEqual(pathsOf(255), ['tile/0/000.p/255'])
  assert.deepEqual(pathsOf(256), ['tile/0/000', 'tile/1/000.p/1'])
  assert.deepEqual(pathsOf(257), ['tile/0/000', 'tile/0/001.p/1', 'tile/1/000.p/1'])
  assert.deepEqual(pathsOf(512), ['tile/0/000', 'tile/0/001', 'tile/1/000.p/2'])
  const paths = pathsOf(70_000)
  assert.equal(paths.length, 274 + 2 + 1)
  assert.deepEqual(
    paths.filter((path) => path.includes('.p/')),
    ['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1'],
  )
  assert.equal(pathsOf(65_536).at(-1), 'tile/2/000.p/1')
})

test('the tiles of a tree hold every node of their levels once, and none has no hash', () => {
  fc.assert(
    fc.property(fc.nat(200_000), (size) => {
      const widths = new Map<number, number>()
      for (const { level, index, width } of tilesOfTree(size)) {
        assert.ok(width >= 1 && width <= 256)
        assert.equal(width, tileWidth(level, index, size))
        const before = widths.get(level) ?? 0
        assert.equal(before, index * 256, 'tiles come in order and only the last of a level is partial')
        widths.set(level, before + width)
      }
      for (let level = 0; level <= 3; level += 1) {
        assert.equal(widths.get(level) ?? 0, Math.floor(size / 256 ** level))
      }
    }),
    { numRuns: 50 },
  )
})

test('the tiles of a tree without a size are not listed', () => {
  for (const bad of noCounts) assert.throws(() => [...tilesOfTree(bad)], RangeError)
})

test('a tile that a tree does not have has width 0', () => {
  assert.equal(tileWidth(0, 273, 70_000), 112)
  assert.equal(tileWidth('entries', 273, 70_000), 112)
  assert.equal(tileWidth(0, 272, 70_000), 256)
  assert.equal(tileWidth(0, 274, 70_000), 0)
  assert.equal(tileWidth(1, 1, 70_000), 17)
  assert.equal(tileWidth(3, 0, 70_000), 0)
  assert.equal(tileWidth(63, 0, MAX), 0)
  assert.equal(tileWidth(6, 0, MAX), 31)
  assert.equal(tileWidth('entries', MAX, MAX), 0)
})

test('a tile of level n holds the roots of the full tiles of level n - 1', () => {
  for (const width of [1, 2]) {
    const above = planTile({ level: 1, index: 0, width }).map(readTree)
    for (const [index, hash] of above.entries()) {
      const below = planTile({ level: 0, index, width: 256 }).map(readTree)
      assert.equal(toHex(hash), toHex(tree.root(index * 256, (index + 1) * 256)))
      assert.equal(toHex(nodeFromTile(below, 8, 0) ?? hash.subarray(1)), toHex(hash))
    }
  }
  assert.deepEqual(planTile({ level: 0, index: 2, width: 2 }), [
    { level: 0, index: 512 },
    { level: 0, index: 513 },
  ])
  assert.deepEqual(planTile({ level: 2, index: 1, width: 1 }), [{ level: 16, index: 256 }])
})

test('a reader finds every node of a tree in its tiles', () => {
  for (const size of [1, 2, 7, 255, 256, 257, 300, 511, 512, 600]) {
    const read = tileReader(size)
    for (let level = 0; 2 ** level <= size; level += 1) {
      for (let index = 0; (index + 1) * 2 ** level <= size; index += 1) {
        assert.equal(toHex(read({ level, index })), toHex(readTree({ level, index })))
      }
    }
  }
})

test('proofs built from tiles alone hold', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 600 }))
  fc.assert(
    fc.property(sizes, ([a, b]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const read = tileReader(to)
      const root = tree.root(0, to)
      const index = from - 1
      const inclusion = buildInclusion(planInclusion(index, to), read)
      assert.equal(checkInclusion({ proof: inclusion, index, leaf: tree.root(index, from), size: to, root }), undefined)
      const consistency = buildConsistency(planConsistency(from, to), read)
      const heads = { from: { size: from, root: tree.root(0, from) }, to: { size: to, root } }
      assert.equal(checkConsistency({ proof: consistency, ...heads }), undefined)
    }),
    { numRuns: 50 },
  )
})

test('the tile of a node is one that a tree of that size has, at any size', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (size) => {
      for (const id of planFrontier(size)) {
        const { tile, level, position } = tileOfNode(id, size)
        assert.equal(tile.width, tileWidth(tile.level, tile.index, size))
        assert.ok((position + 1) * 2 ** level <= tile.width)
        assert.equal(tile.level * 8 + level, id.level)
        assert.equal((tile.index * 256 + position * 2 ** level) / 2 ** level, id.index)
      }
    }),
  )
})

test('a node beyond the tree is in no tile of it', () => {
  assert.throws(() => tileOfNode({ level: 0, index: 7 }, 7), RangeError)
  assert.throws(() => tileOfNode({ level: 1, index: 3 }, 7), RangeError)
  assert.throws(() => tileOfNode({ level: -1, index: 0 }, 7), RangeError)
})

test('tile bytes of any other length than the width asks for are refused', () => {
  const bytes = concatBytes(...planTile({ level: 0, index: 0, width: 3 }).map(readTree))
  assert.deepEqual(
    tileHashes(bytes, 3)?.map(toHex),
    [0, 1, 2].map((index) => toHex(tree.root(index, index + 1))),
  )
  for (const lie of [bytes.subarray(1), bytes.subarray(32), concatBytes(bytes, Uint8Array.of(0)), new Uint8Array(0)]) {
    assert.equal(tileHashes(lie, 3), undefined)
  }
})

test('a tile does not answer for nodes that it does not cover', () => {
  const hashes = planTile({ level: 0, index: 0, width: 7 }).map(readTree)
  assert.ok(nodeFromTile(hashes, 1, 2))
  for (const [level, position] of [
    [0, 7],
    [1, 3],
    [2, 1],
    [3, 0],
    [9, 0],
    [-1, 0],
    [0, -1],
    [0.5, 0],
    [Number.NaN, 0],
  ] as const) {
    assert.equal(nodeFromTile(hashes, level, position), undefined, `${level}/${position}`)
  }
})

function pathsOf(size: number): string[] {
  return Array.from(tilesOfTree(size), ({ level, index, width }) => tilePath(level, index, width))
}

/** Reads nodes as a client does: from the bytes of the tiles of that tree only. */
function tileReader(size: number): (id: NodeId) => Hash {
  const served = new Map<string, Uint8Array>()
  for (const tile of tilesOfTree(size)) served.set(pathOf(tile), concatBytes(...planTile(tile).map(readTree)))
  return (id) => {
    const { tile, level, position } = tileOfNode(id, size)
    const hashes = tileHashes(served.get(pathOf(tile)) ?? assert.fail(`no tile ${pathOf(tile)}`), tile.width)
    return nodeFromTile(hashes ?? [], level, position) ?? assert.fail(`no node in ${pathOf(tile)}`)
  }
}

function pathOf({ level, index, width }: HashTile): string {
  return tilePath(level, index, width)
}
