// A ledger read with plain SQL and judged with node:crypto, JSON.parse and another canonicaliser: the second opinion on
// everything the write path leaves behind. Shares nothing with src. Throws an AssertionError at the first thing wrong.

import assert from 'node:assert/strict'
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import canonicalize from 'canonicalize'

import { type NaiveTree, naiveTree } from './naive-tree.ts'

export interface NaiveEntry {
  readonly seq: number
  /** RFC 6962 leaf hash of the stored bytes, lower-case hex. */
  readonly hash: string
  readonly entry: Uint8Array
  readonly nodes: Uint8Array
  readonly members: ReadonlyMap<string, unknown>
  /** The query columns, as the database derives them. */
  readonly columns: ReadonlyMap<string, unknown>
  readonly subjects: readonly string[]
}

export interface NaiveCheckpoint {
  readonly size: number
  readonly note: string
  readonly lines: readonly string[]
}

export interface NaiveLedger {
  readonly origin: string
  readonly entries: readonly NaiveEntry[]
  readonly checkpoints: readonly NaiveCheckpoint[]
  readonly tree: NaiveTree
  /** The keys that its records announce. */
  readonly keys: readonly NaiveKey[]
}

interface NaiveKey {
  readonly name: string
  readonly id: Buffer
  readonly type: number
  readonly publicKey: KeyObject
}

export type Row = Record<string, unknown>

/** Reads and checks the newest ledger in a database file, or the one named. */
export function inspectLedger(file: string, origin?: string): NaiveLedger {
  return judgeLedger(readLedger(file, origin))
}

/** Checks a ledger that was read from wherever. */
export function judgeLedger(ledger: NaiveLedger): NaiveLedger {
  checkEntries(ledger)
  checkNodes(ledger)
  checkCheckpoints(ledger)
  return ledger
}

/** Checks a checkpoint log against the ledger: everything it swears to is there. Returns its checkpoints, in order. */
export function inspectCheckpointLog(path: string, ledger: NaiveLedger): readonly { size: number; note: string }[] {
  if (!existsSync(path)) return []
  const pieces = readFileSync(path, 'utf8').split('\n\n')
  assert.equal(pieces.pop(), '', 'the checkpoint log ends with a whole record')
  assert.equal(pieces.length % 2, 0, 'a record is a text and its signatures')
  const records = Array.from({ length: pieces.length / 2 }, (_, i) => `${pieces[2 * i]}\n\n${pieces[2 * i + 1]}\n`)
  const ours = records.filter((note) => note.startsWith(`${ledger.origin}\n`))
  return ours.map((note) => ({ size: checkNote(note, ledger), note }))
}

/** As it stands, unjudged. */
function readLedger(file: string, origin?: string): NaiveLedger {
  const db = new DatabaseSync(file, { timeout: 5_000 })
  try {
    db.exec('BEGIN')
    const all = (sql: string, ...values: (string | number)[]): Row[] => db.prepare(sql).all(...values)
    assert.deepEqual(values(all('PRAGMA integrity_check')), ['ok'])
    const ledgers = all('SELECT ledger_no, origin FROM ledgers ORDER BY ledger_no')
    const row = origin === undefined ? ledgers.at(-1) : ledgers.find((one) => one.origin === origin)
    assert.ok(row !== undefined, 'the ledger is there')
    const no = Number(row.ledger_no)
    return ledgerOf(String(row.origin), readEntries(all, no), readCheckpoints(all, no))
  } finally {
    db.close()
  }
}

/** What the rows of a database say, unjudged. */
export function ledgerOf(
  origin: string,
  entries: readonly NaiveEntry[],
  checkpoints: readonly NaiveCheckpoint[],
): NaiveLedger {
  const tree = naiveTree(entries.map(({ entry }) => entry))
  return { origin, entries, checkpoints, tree, keys: announcedKeys(entries) }
}

type Select = (sql: string, ...values: (string | number)[]) => Row[]

function readEntries(all: Select, no: number): NaiveEntry[] {
  return entriesOf(
    all('SELECT * FROM entries WHERE ledger_no = ? ORDER BY seq', no),
    all('SELECT seq, subject_id FROM entry_subjects WHERE ledger_no = ? ORDER BY seq, subject_id', no),
  )
}

/** Entries of rows in the order of seq: the columns of the table, whatever they are, and who they are about. */
export function entriesOf(rows: readonly Row[], subjectRows: readonly Row[]): NaiveEntry[] {
  const subjects = Map.groupBy(subjectRows, (row) => row.seq)
  return rows.map((row) => {
    const { ledger_no, seq, nodes, entry, ...columns } = row
    const bytes = bytesOf(entry)
    return {
      seq: Number(seq),
      hash: sha256(Uint8Array.of(0), bytes).toString('hex'),
      entry: bytes,
      nodes: bytesOf(nodes),
      members: new Map(Object.entries(parse(bytes))),
      columns: new Map(Object.entries(columns)),
      subjects: (subjects.get(seq) ?? []).map((subject) => String(subject.subject_id)).sort(),
    }
  })
}

function readCheckpoints(all: Select, no: number): NaiveCheckpoint[] {
  return all('SELECT size, note FROM checkpoints WHERE ledger_no = ? ORDER BY size', no).map(({ size, note }) => ({
    size: Number(size),
    note: textOf(note),
    lines: all('SELECT line FROM cosignatures WHERE ledger_no = ? AND size = ? ORDER BY line_no', no, Number(size)).map(
      ({ line }) => textOf(line),
    ),
  }))
}

function checkEntries({ origin, entries }: NaiveLedger): void {
  const ids = new Set<unknown>()
  const conversations = new Map<unknown, { seq: number; hash: string }>()
  let before = { hash: '', recorded_at: '' }
  for (const [i, { seq, hash, entry, members, columns, subjects }] of entries.entries()) {
    const at = `at seq ${seq}`
    assert.equal(seq, i, `seqs have no gap ${at}`)
    assert.equal(canonicalize(parse(entry)), Buffer.from(entry).toString('utf8'), `canonical JSON ${at}`)
    assert.equal(members.get('seq'), seq, at)
    assert.equal(members.get('ledger'), origin, at)
    assert.equal(members.get('previous_hash'), before.hash, `the chain holds ${at}`)
    const recorded_at = String(members.get('recorded_at'))
    assert.ok(recorded_at >= before.recorded_at, `recorded_at does not decrease ${at}`)
    assert.ok(!ids.has(members.get('id')), `an id has one place ${at}`)
    for (const [name, value] of columns) assert.equal(value ?? undefined, members.get(name), `column ${name} ${at}`)
    assert.deepEqual(subjects, [...listOf(members.get('subject_ids'))].sort(), `subjects ${at}`)
    checkConversation(members, hash, conversations, at)
    ids.add(members.get('id'))
    before = { hash, recorded_at }
  }
}

function checkConversation(
  members: ReadonlyMap<string, unknown>,
  hash: string,
  conversations: Map<unknown, { seq: number; hash: string }>,
  at: string,
): void {
  const name = members.get('conversation_id')
  const link = [members.get('conversation_seq'), members.get('conversation_previous_hash')]
  if (name === undefined) {
    assert.deepEqual(link, [undefined, undefined], `no link outside a conversation ${at}`)
    return
  }
  const tip = conversations.get(name)
  assert.deepEqual(link, tip === undefined ? [0, ''] : [tip.seq + 1, tip.hash], `the conversation's link holds ${at}`)
  conversations.set(name, { seq: (tip?.seq ?? -1) + 1, hash })
}

// With each entry lie its leaf and the roots of the perfect subtrees that it completes.
function checkNodes({ entries, tree }: NaiveLedger): void {
  for (const { seq, nodes } of entries) {
    const expected: Uint8Array[] = []
    for (let width = 1; (seq + 1) % width === 0; width *= 2) expected.push(tree.root(seq + 1 - width, seq + 1))
    assert.deepEqual(Buffer.from(nodes), Buffer.concat(expected), `tree nodes at seq ${seq}`)
  }
}

function checkCheckpoints(ledger: NaiveLedger): void {
  for (const [i, { size, note, lines }] of ledger.checkpoints.entries()) {
    assert.ok(size > (ledger.checkpoints[i - 1]?.size ?? -1), 'sizes of checkpoints grow')
    assert.equal(checkNote(note, ledger), size)
    assert.equal(new Set(lines).size, lines.length, 'a cosignature is kept once')
    if (lines.length > 0) checkNote(`${note}${lines.join('\n')}\n`, ledger)
  }
}

/** Origin, size, root and signatures of a checkpoint against the entries; returns the size. */
function checkNote(note: string, ledger: NaiveLedger): number {
  const split = note.indexOf('\n\n') + 1
  const [text, lines] = [
    note.slice(0, split),
    note
      .slice(split + 1)
      .split('\n')
      .slice(0, -1),
  ]
  const [origin, size, root] = text.split('\n')
  assert.equal(origin, ledger.origin)
  assert.ok(Number(size) <= ledger.entries.length, `the ${size} entries that are sworn to are there`)
  assert.equal(root, Buffer.from(ledger.tree.root(0, Number(size))).toString('base64'), `the root of ${size} entries`)
  const kinds = lines.map((line) => checkSignature(line, text, ledger))
  assert.ok(kinds.includes(1), 'a checkpoint key signed')
  assert.ok(kinds.includes(4), 'the heartbeat key gave the time')
  return Number(size)
}

/** Checks one line under a key that the ledger announced; returns the type of the key. */
function checkSignature(line: string, text: string, ledger: NaiveLedger): number {
  const [, name, encoded] = line.split(' ')
  const signature = Buffer.from(encoded ?? '', 'base64')
  const key = ledger.keys.find((one) => one.name === name && one.id.equals(signature.subarray(0, 4)))
  assert.ok(key !== undefined, `an announced key signed: ${name}`)
  const message = key.type === 4 ? `cosignature/v1\ntime ${signature.readBigUInt64BE(4)}\n${text}` : text
  const raw = signature.subarray(key.type === 4 ? 12 : 4)
  assert.ok(verify(null, Buffer.from(message), key.publicKey, raw), `the signature of ${name} holds`)
  return key.type
}

function announcedKeys(entries: readonly NaiveEntry[]): NaiveKey[] {
  const announcing = entries.filter(({ members }) =>
    ['logging_started', 'key_rotated'].includes(String(members.get('action'))),
  )
  return announcing.flatMap(({ members }) => {
    const details = new Map(Object.entries(Object(members.get('details'))))
    return ['checkpoint_key', 'heartbeat_key', 'old_key', 'new_key']
      .map((name) => details.get(name))
      .filter((key) => typeof key === 'string')
      .map(readKey)
  })
}

function readKey(vkey: string): NaiveKey {
  const [name = '', id = '', ...rest] = vkey.split('+')
  const encoded = Buffer.from(rest.join('+'), 'base64')
  const key = { kty: 'OKP', crv: 'Ed25519', x: encoded.subarray(1).toString('base64url') }
  return { name, id: Buffer.from(id, 'hex'), type: encoded[0] ?? 0, publicKey: createPublicKey({ key, format: 'jwk' }) }
}

function parse(bytes: Uint8Array): Row {
  return JSON.parse(Buffer.from(bytes).toString('utf8'))
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function values(rows: readonly Row[]): unknown[] {
  return rows.flatMap((row) => Object.values(row))
}

function bytesOf(value: unknown): Uint8Array {
  assert.ok(value instanceof Uint8Array, 'a blob')
  return value
}

function textOf(value: unknown): string {
  return Buffer.from(bytesOf(value)).toString('utf8')
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
