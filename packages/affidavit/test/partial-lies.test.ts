// Lies about a part of a ledger: one conversation, or what came after a trusted checkpoint. Each is found in its place, or
// is one that a part alone cannot show, and then the report says so.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'

import { localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { generateSignerKey } from '../src/formats/signer-key.ts'
import { verifySqliteConversation } from '../src/stores/sqlite/verify-conversation.ts'
import { verifySqliteRange } from '../src/stores/sqlite/verify-range.ts'
import type { Anchor } from '../src/verify/anchors.ts'
import type { FindingCode } from '../src/verify/finding.ts'
import type { Report } from '../src/verify/report.ts'
import type { Trust } from '../src/verify/trust.ts'
import { bytesOf, exchanged, rehash, type Tampering, tampered } from './manipulate.ts'
import { makeRichLedger, pinned, type RichLedger } from './rich-ledger.ts'
import { membersOf, rewritten } from './sample-log.ts'
import { heartbeatKey, timeLine } from './signing.ts'

let folder: string
let ledger: RichLedger
let database: string
let copy: string
let anchors: Anchor[]

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'affidavit-partial-lies-'))
  ledger = await makeRichLedger(join(folder, 'ledger'))
  database = databaseFile(ledger.folder)
  copy = join(folder, 'copy.db')
  anchors = [await localAnchor(ledger.folder)]
  tampered(database, copy, () => undefined)
})
after(() => rmSync(folder, { recursive: true, force: true }))

interface Changes {
  readonly trust?: Trust
  readonly anchors?: readonly Anchor[]
  readonly incarnation?: 0 | 1
}

function conversation(conversation_id: string, changes: Changes = {}): Promise<Report> {
  const { incarnation = 1 } = changes
  const origin = ledger.origins[incarnation]
  const trust = changes.trust ?? pinned(ledger, incarnation)
  return verifySqliteConversation(copy, { conversation_id, trust, anchors: changes.anchors ?? anchors, origin })
}

function range(since: string, changes: Changes = {}): Promise<Report> {
  const trust = changes.trust ?? pinned(ledger, changes.incarnation ?? 1)
  return verifySqliteRange(copy, { since, trust, anchors: changes.anchors ?? anchors })
}

function codes({ findings }: Report): string[] {
  return [...new Set(findings.map(({ code }) => code))]
}

function assertFound(report: Report, code: FindingCode, seq?: number): void {
  const found = report.findings.find((one) => one.code === code && (seq === undefined || one.seq === seq))
  assert.ok(found !== undefined, `${code} at ${seq}: ${JSON.stringify(report.findings)}`)
  assert.equal(report.status, found.weight === 'tampered' ? 'tampered' : report.status)
}

/** Checkpoints of an incarnation as the untouched database has them, by size. */
function notes(incarnation: 0 | 1): Map<number, string> {
  const db = new DatabaseSync(database, { readOnly: true })
  const rows = db.prepare('SELECT size, note FROM checkpoints WHERE ledger_no = ?').all(incarnation + 1)
  db.close()
  return new Map(rows.map(({ size, note }) => [Number(size), Buffer.from(bytesOf(note)).toString('utf8')]))
}

function noteAt(size: number, incarnation: 0 | 1 = 1): string {
  const note = notes(incarnation).get(size)
  assert.ok(note !== undefined)
  return note
}

const set = (column: 'entry' | 'nodes', seq: number, change: (bytes: Uint8Array) => Uint8Array) => (t: Tampering) => {
  const [row] = t.rows('SELECT * FROM entries WHERE ledger_no = 2 AND seq = ?', seq)
  t.run(`UPDATE entries SET ${column} = ? WHERE ledger_no = 2 AND seq = ?`, change(bytesOf(row?.[column])), seq)
}
const altered = (bytes: Uint8Array): Uint8Array => rewritten(bytes, { actor_id: 'somebody' })

// Seqs of new-visit: 1, 2, 4, 9, 10. Of new-bill: 3, 5, 12, 13. Keys change at 8 and 11; checkpoints 1 4 9 10 12 13 14.
const VISIT = [1, 2, 4, 9, 10]

describe('a conversation', () => {
  test('is proven under the first key through two changes of keys, in either incarnation', async () => {
    tampered(database, copy, () => undefined)
    for (const [incarnation, name] of [
      [0, 'old'],
      [1, 'new'],
    ] as const) {
      const visit = await conversation(`${name}-visit`, { incarnation })
      assert.deepEqual([visit.status, codes(visit), visit.records_checked], ['valid', [], 5])
      assert.equal(visit.axes.completeness.says, 'complete 0..4 of the conversation, closed at 4')
      assert.match(visit.axes.signer.says, /^pinned key .* until 14$/)
      assert.match(visit.axes.anchor.says, /^local \(same directory\), until 14$/)
    }
  })

  for (const seq of VISIT) {
    test(`its entry at ${seq}: altered, altered with its hash, taken out, its nodes altered, unreadable`, async () => {
      tampered(database, copy, set('entry', seq, altered))
      assertFound(await conversation('new-visit'), 'entry-altered', seq)
      tampered(database, copy, (t) => {
        rehash(t, 2, seq, altered)
      })
      const rewrittenAll = await conversation('new-visit')
      assertFound(rewrittenAll, 'entry-altered', seq)
      tampered(
        database,
        copy,
        set('entry', seq, (bytes) => rewritten(bytes, { conversation_id: 'other' })),
      )
      const without = await conversation('new-visit')
      if (seq === 10) assert.match(without.axes.completeness.says, /open at 3$/)
      else assertFound(without, 'conversation-broken')
      assertFound(await conversation('other'), 'entry-altered', seq)
      tampered(
        database,
        copy,
        set('nodes', seq ^ 1, () => Buffer.alloc(32)),
      )
      assert.equal((await conversation('new-visit')).status, 'tampered')
    })
  }

  test('two of its entries exchanged, and one put in', async () => {
    tampered(database, copy, (t) => {
      const [two, four] = t.rows('SELECT entry, nodes FROM entries WHERE ledger_no = 2 AND seq IN (2, 4) ORDER BY seq')
      t.run(
        'UPDATE entries SET entry = ?, nodes = ? WHERE ledger_no = 2 AND seq = 2',
        four?.entry ?? null,
        four?.nodes ?? null,
      )
      t.run(
        'UPDATE entries SET entry = ?, nodes = ? WHERE ledger_no = 2 AND seq = 4',
        two?.entry ?? null,
        two?.nodes ?? null,
      )
    })
    const report = await conversation('new-visit')
    assertFound(report, 'entry-altered', 2)
    assertFound(report, 'wrong-seq', 2)
    tampered(
      database,
      copy,
      set('entry', 6, (bytes) =>
        rewritten(bytes, { conversation_id: 'new-visit', conversation_seq: 7, conversation_previous_hash: '' }),
      ),
    )
    assertFound(await conversation('new-visit'), 'entry-altered', 6)
  })

  test('its end hidden from the index is not missed by itself, which is said', async () => {
    const ended = 'new-visit'
    tampered(
      database,
      copy,
      set('entry', 10, (bytes) => rewritten(bytes, { conversation_id: 'elsewhere' })),
    )
    const report = await conversation(ended)
    assert.equal(report.status, 'valid')
    assert.ok(report.not_checked.some((line) => line.includes('no later entries')))
  })

  test('entries that no checkpoint covers yet are not verified', async () => {
    tampered(database, copy, (t) => {
      t.run('DELETE FROM checkpoints WHERE ledger_no = 2 AND size > 9')
      t.run('DELETE FROM cosignatures WHERE ledger_no = 2 AND size > 9')
    })
    const report = await conversation('new-visit', { anchors: [] })
    assert.deepEqual([report.status, codes(report), report.records_checked], ['incomplete', ['not-covered'], 3])
  })

  test('under a key that signed nothing it is not verified, and not empty', async () => {
    tampered(database, copy, () => undefined)
    const keys = [generateSignerKey(ledger.origins[1], 'ed25519').verifierKey]
    const report = await conversation('new-visit', { trust: { kind: 'pinned', keys } })
    assert.equal(report.status, 'incomplete')
    assert.deepEqual(codes(report).sort(), ['no-trusted-signature', 'not-covered'])
    assert.equal(
      (await conversation('new-visit', { trust: { kind: 'first use' } })).axes.signer.verdict,
      'first-use key',
    )
  })

  test('an announcement of keys that was altered is found, though it is of no conversation', async () => {
    tampered(
      database,
      copy,
      set('entry', 8, (bytes) => rewritten(bytes, { outcome_reason: 'forged' })),
    )
    assertFound(await conversation('new-bill'), 'entry-altered', 8)
  })

  test('a whole ledger that was rehashed unsigned is no match for its checkpoints', async () => {
    tampered(database, copy, (t) => rehash(t, 2, 4, altered))
    const report = await conversation('new-bill')
    assert.equal(report.status, 'tampered')
    assertFound(report, 'entry-altered', 5)
  })

  test('the anchor that covers it first is asked, however many came later', async () => {
    tampered(database, copy, () => undefined)
    const [one, two] = [noteAt(4), noteAt(14)]
    const forged = two.replace('\n14\n', '\n2\n')
    const anchor: Anchor = { kind: 'external', where: 'kept', notes: [two, forged, one], faults: [] }
    const { axes, status } = await conversation('new-bill', { anchors: [anchor] })
    assert.deepEqual([status, axes.anchor.says], ['valid', 'external (kept), until 14'])
  })
})

describe('a range', () => {
  test('from every checkpoint on, of either incarnation: valid, and the rest is named', async () => {
    tampered(database, copy, () => undefined)
    for (const incarnation of [0, 1] as const) {
      for (const [size, note] of notes(incarnation)) {
        const report = await range(note, { incarnation })
        assert.deepEqual(
          [report.status, codes(report), report.records_checked],
          ['valid', [], 14 - size],
          `from ${size}`,
        )
        assert.equal(report.subject.root, (await range(noteAt(1, incarnation), { incarnation })).subject.root)
        assert.ok(report.not_checked.some((line) => line.startsWith(`entries 0 to ${size - 1}: taken from`)))
      }
    }
  })

  test('an entry altered behind the checkpoint is found in its place; one before is not, unless one behind follows it', async () => {
    for (let seq = 1; seq < 14; seq++) {
      tampered(database, copy, set('entry', seq, altered))
      const report = await range(noteAt(9))
      const next = new Map([
        [4, 9],
        [5, 12],
      ]).get(seq)
      if (seq >= 8) assertFound(report, 'entry-altered', seq)
      else if (next !== undefined) assertFound(report, 'conversation-broken', next)
      else assert.deepEqual([report.status, codes(report)], ['valid', []], `entry ${seq}`)
    }
  })

  test('entries removed, rehashed, unreadable, listed under other subjects', async () => {
    tampered(database, copy, (t) => t.run('DELETE FROM entries WHERE ledger_no = 2 AND seq = 11'))
    assertFound(await range(noteAt(9)), 'entry-missing', 11)
    tampered(database, copy, (t) => t.run('DELETE FROM entries WHERE ledger_no = 2 AND seq = 8'))
    assertFound(await range(noteAt(9)), 'node-altered')
    tampered(database, copy, (t) => rehash(t, 2, 10, altered))
    assertFound(await range(noteAt(9)), 'root-mismatch', 10)
    const { entry } = rowAt(12)
    exchanged(database, copy, entry.subarray(0, 300), Buffer.concat([Buffer.from('x'), entry.subarray(1, 300)]))
    assertFound(await range(noteAt(9)), 'entry-not-json', 12)
    tampered(database, copy, (t) => t.run("INSERT INTO entry_subjects VALUES (2, 12, 'subject-9')"))
    assertFound(await range(noteAt(9)), 'subjects-altered', 12)
  })

  test('another history below it, or stored nodes that are not its tree', async () => {
    tampered(database, copy, (t) => rehash(t, 2, 3, altered))
    assertFound(await range(noteAt(9)), 'anchor-mismatch')
    tampered(
      database,
      copy,
      set('nodes', 7, (bytes) => Buffer.concat([bytes.subarray(0, 96), Buffer.alloc(32)])),
    )
    assertFound(await range(noteAt(9)), 'anchor-mismatch')
    tampered(
      database,
      copy,
      set('nodes', 7, (bytes) => bytes.subarray(0, 96)),
    )
    assertFound(await range(noteAt(9)), 'node-altered')
  })

  test('the end cut: behind it by checkpoints or anchors, below it by itself', async () => {
    tampered(database, copy, (t) => t.run('DELETE FROM entries WHERE ledger_no = 2 AND seq > 9'))
    assertFound(await range(noteAt(9)), 'tail-cut', 10)
    tampered(database, copy, (t) => {
      t.run('DELETE FROM entries WHERE ledger_no = 2 AND seq > 9')
      t.run('DELETE FROM checkpoints WHERE ledger_no = 2 AND size > 10')
      t.run('DELETE FROM cosignatures WHERE ledger_no = 2 AND size > 10')
    })
    assertFound(await range(noteAt(9)), 'tail-cut', 10)
    assert.deepEqual(codes(await range(noteAt(9), { anchors: [] })), [])
    tampered(database, copy, (t) => t.run('DELETE FROM entries WHERE ledger_no = 2 AND seq > 5'))
    assertFound(await range(noteAt(9)), 'tail-cut', 6)
    tampered(database, copy, (t) => t.run('DELETE FROM ledgers WHERE ledger_no = 2'))
    assertFound(await range(noteAt(9)), 'tail-cut', 0)
  })

  test('a checkpoint removed behind it is missed where an anchor has it', async () => {
    tampered(database, copy, (t) => t.run('DELETE FROM checkpoints WHERE ledger_no = 2 AND size = 13'))
    assertFound(await range(noteAt(9)), 'checkpoint-removed')
    tampered(database, copy, (t) => t.run('DELETE FROM checkpoints WHERE ledger_no = 2 AND size = 4'))
    assert.deepEqual(codes(await range(noteAt(9))), [])
  })

  test('a witness’s line on the trusted checkpoint is nobody’s fault', async () => {
    tampered(database, copy, () => undefined)
    const note = noteAt(9)
    const witnessed = `${note}${timeLine(note, heartbeatKey('witness.example/w'), 1_795_000_000)}\n`
    assert.deepEqual(codes(await range(witnessed)), [])
  })

  test('without ground to stand on nothing is verified, and nobody is accused', async () => {
    tampered(database, copy, () => undefined)
    const stranger = [generateSignerKey(ledger.origins[1], 'ed25519').verifierKey]
    const cases: readonly (readonly [name: string, note: string, trust?: Trust])[] = [
      ['no note', 'no note at all'],
      ['a note with a bad signature', noteAt(9).replace('\n9\n', '\n8\n')],
      ['a stranger’s trust', noteAt(9), { kind: 'pinned', keys: stranger }],
    ]
    for (const [name, note, trust] of cases) {
      const report = await range(note, trust === undefined ? {} : { trust })
      assert.deepEqual(
        [report.status, codes(report), report.records_checked],
        ['incomplete', ['since-untrusted'], 0],
        name,
      )
    }
  })

  test('of producers only numbers between those that were read are missed', async () => {
    tampered(database, copy, () => undefined)
    const report = await range(noteAt(4))
    assert.deepEqual(codes(report), [])
    assert.ok(report.not_checked.some((line) => line.startsWith('the first number of each producer')))
  })

  function rowAt(seq: number): { entry: Uint8Array } {
    const db = new DatabaseSync(database, { readOnly: true })
    const row = db.prepare('SELECT entry FROM entries WHERE ledger_no = 2 AND seq = ?').get(seq)
    db.close()
    return { entry: bytesOf(row?.entry) }
  }
})

test('the sample has the shape that these lies are about', () => {
  const db = new DatabaseSync(database, { readOnly: true })
  const rows = db.prepare('SELECT seq, entry FROM entries WHERE ledger_no = 2 ORDER BY seq').all()
  db.close()
  const visits = rows.filter(({ entry }) => membersOf(bytesOf(entry)).conversation_id === 'new-visit')
  assert.deepEqual(
    visits.map(({ seq }) => seq),
    VISIT,
  )
})
