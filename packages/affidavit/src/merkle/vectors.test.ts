// Our own vectors (testdata/merkle). Their roots and proofs come from the naive tree, and are compared with it here again.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { naiveTree, numberedEntries, sparseTree } from '../../test/oracle/naive-tree.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import { checkConsistency } from './consistency.ts'
import { createGrowth, emptyFrontier } from './growth.ts'
import { leafHash } from './hash.ts'
import { checkInclusion } from './inclusion.ts'
import { parseTilePath, type TileId, tilePath, tilesOfTree } from './tile.ts'

interface InclusionCase {
  name: string
  index: number
  size: number
  leaf: string
  root: string
  proof: string[]
}

interface ConsistencyCase {
  name: string
  from: { size: number; root: string }
  to: { size: number; root: string }
  proof: string[]
}

interface Cases<Case> {
  valid: Case[]
  invalid: (Case & { fault: string })[]
}

const entries = numberedEntries(70)
const filler = Buffer.from('filler')

const roots: {
  standard: { entries: string[]; roots: string[] }
  numbered: { roots: string[] }
  repeated: { size: number; root: string }[]
} = load('roots.json')
const storedNodes: { stored: string[] } = load('stored-nodes.json')
const inclusion: Cases<InclusionCase> = load('inclusion.json')
const consistency: Cases<ConsistencyCase> = load('consistency.json')
const tiles: {
  valid: (TileId & { path: string })[]
  invalid: { name: string; path: string }[]
  trees: { size: number; tiles: string[] }[]
} = load('tiles.json')

test('a tree has the golden root at every size', () => {
  assert.deepEqual(rootsOf(roots.standard.entries.map(bytesOf)), roots.standard.roots)
  assert.deepEqual(rootsOf(entries.slice(0, 33)), roots.numbered.roots)
  for (const { size, root } of roots.repeated) {
    assert.equal(toHex(sparseTree(size, filler, new Map()).root()), root)
  }
})

test('with an entry the golden nodes are stored', () => {
  const growth = createGrowth(emptyFrontier)
  const stored = entries.slice(0, storedNodes.stored.length).map((entry) => toHex(growth.append(leafHash(entry))))
  assert.deepEqual(stored, storedNodes.stored)
})

for (const valid of inclusion.valid) {
  test(`inclusion: ${valid.name} holds`, () => {
    assert.equal(checkInclusion(inclusionOf(valid)), undefined)
    const special = new Map([[valid.index, Buffer.from(`entry ${valid.index}`)]])
    const isSmall = valid.size <= entries.length
    const naive = isSmall ? naiveTree(entries.slice(0, valid.size)) : sparseTree(valid.size, filler, special)
    assert.equal(valid.leaf, toHex(naive.root(valid.index, valid.index + 1)))
    assert.equal(valid.root, toHex(naive.root()))
    assert.deepEqual(valid.proof, naive.path(valid.index).map(toHex))
  })
}

for (const lie of inclusion.invalid) {
  test(`inclusion: ${lie.name} is refused`, () => {
    assert.equal(checkInclusion(inclusionOf(lie))?.code, lie.fault)
  })
}

for (const valid of consistency.valid) {
  test(`consistency: ${valid.name} holds`, () => {
    assert.equal(checkConsistency(consistencyOf(valid)), undefined)
    const [from, to] = [valid.from.size, valid.to.size]
    const special = new Map([[from, Buffer.from(`entry ${from}`)]])
    const naive = to <= entries.length ? naiveTree(entries.slice(0, to)) : sparseTree(to, filler, special)
    assert.equal(valid.from.root, toHex(naive.root(0, from)))
    assert.equal(valid.to.root, toHex(naive.root()))
    assert.deepEqual(valid.proof, naive.proof(from).map(toHex))
  })
}

for (const lie of consistency.invalid) {
  test(`consistency: ${lie.name} is refused`, () => {
    assert.equal(checkConsistency(consistencyOf(lie))?.code, lie.fault)
  })
}

test('tiles have the golden paths, and no other spelling is one', () => {
  for (const { path, ...tile } of tiles.valid) {
    assert.equal(tilePath(tile.level, tile.index, tile.width), path)
    assert.deepEqual(parseTilePath(path), tile)
  }
  for (const { name, path } of tiles.invalid) assert.equal(parseTilePath(path), undefined, name)
})

test('a tree of a golden size has the golden tiles', () => {
  for (const { size, tiles: paths } of tiles.trees) {
    const own = Array.from(tilesOfTree(size), ({ level, index, width }) => tilePath(level, index, width))
    assert.deepEqual(own, paths)
  }
})

function inclusionOf({ index, size, leaf, root, proof }: InclusionCase): Parameters<typeof checkInclusion>[0] {
  return { index, size, leaf: bytesOf(leaf), root: bytesOf(root), proof: proof.map(bytesOf) }
}

function consistencyOf({ from, to, proof }: ConsistencyCase): Parameters<typeof checkConsistency>[0] {
  return {
    from: { size: from.size, root: bytesOf(from.root) },
    to: { size: to.size, root: bytesOf(to.root) },
    proof: proof.map(bytesOf),
  }
}

function rootsOf(appended: readonly Uint8Array[]): string[] {
  const growth = createGrowth(emptyFrontier)
  const found = [toHex(growth.root())]
  for (const entry of appended) {
    growth.append(leafHash(entry))
    found.push(toHex(growth.root()))
  }
  return found
}

function load<Shape>(file: string): Shape {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../../testdata/merkle', file), 'utf8'))
}

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? assert.fail(`no hex: ${hex}`)
}
