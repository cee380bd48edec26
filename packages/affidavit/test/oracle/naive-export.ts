// An export of everything, read by somebody who has node:crypto and an afternoon. Shares nothing with src; the second
// opinion on what the exporter writes. Throws an AssertionError at the first thing wrong.

import assert from 'node:assert/strict'
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { naiveTreeOver } from './naive-tree.ts'

/**
 * Walks the chain, builds the tree, and checks both signatures with the key in `vkey`. Answers how many entries. Of a destroyed one its line
 * says the hash, which the entry behind it repeats.
 */
export function inspectExport(folder: string, vkey: string): number {
  const read = (name: string): Buffer => readFileSync(join(folder, name))
  const text = read('entries.jsonl').toString('utf8')
  assert.ok(text.endsWith('\n'), 'every line ends')
  const lines = text.slice(0, -1).split('\n')
  followChain(lines)

  const checkpoint = openNote(read('checkpoint').toString('utf8'), vkey)
  const [origin, size, root] = checkpoint.split('\n')
  assert.equal(Number(size), lines.length)
  const tree = naiveTreeOver(lines.map((line) => Buffer.from(hashOf(line), 'hex')))
  assert.equal(Buffer.from(tree.root()).toString('base64'), root)
  assert.equal(vkey.split('+')[0], origin)

  const statement = openNote(read('export.note').toString('utf8'), vkey)
  assert.equal(statement, `affidavit export v1\n${origin}\nexport.json sha256 ${sha256(read('export.json'))}\n`)
  const cover = JSON.parse(read('export.json').toString('utf8'))
  const destroyed = lines.filter((line) => line.startsWith('{"_destroyed":')).length
  assert.equal(cover.destroyed ?? 0, destroyed)
  for (const [name, { bytes, sha256: expected }] of Object.entries<{ bytes: number; sha256: string }>(cover.files)) {
    assert.deepEqual([read(name).length, sha256(read(name))], [bytes, expected], name)
  }
  const others = readdirSync(folder).filter((name) => !(name in cover.files))
  assert.deepEqual(others.sort(), ['export.json', 'export.note', 'tile'])
  return lines.length
}

function followChain(lines: readonly string[]): void {
  let previous = ''
  for (const [seq, line] of lines.entries()) {
    const entry = JSON.parse(line)
    if (entry._destroyed === undefined) assert.equal(entry.previous_hash, previous, `the chain at seq ${seq}`)
    assert.equal((entry._destroyed ?? entry).seq, seq)
    previous = hashOf(line)
  }
}

function hashOf(line: string): string {
  return JSON.parse(line)._destroyed?.integrity_hash ?? sha256(Buffer.concat([Buffer.of(0), Buffer.from(line)]))
}

function openNote(note: string, vkey: string): string {
  const end = note.lastIndexOf('\n\n') + 1
  const text = note.slice(0, end)
  const [name] = vkey.split('+')
  const line = note
    .slice(end + 1)
    .split('\n')
    .find((one) => one.startsWith(`— ${name} `))
  assert.ok(line !== undefined, 'a line of the key')
  const signature = Buffer.from(line.split(' ')[2] ?? '', 'base64').subarray(4)
  assert.ok(verify(null, Buffer.from(text), keyOf(vkey), signature), 'the signature holds')
  return text
}

function keyOf(vkey: string): KeyObject {
  const raw = Buffer.from(vkey.slice(vkey.indexOf('+', vkey.indexOf('+') + 1) + 1), 'base64').subarray(1)
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
