// One conversation, and what came after a trusted checkpoint: verified alone, and honest about what that leaves out.

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { cutTail, deleteRow, editRow, rewriteEverything } from '../src/cli/demo/attacks.ts'
import { localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { type Draft, openLedger } from '../src/index.ts'
import { wholeNote } from '../src/ledger/prove.ts'
import { verifySqliteConversation } from '../src/stores/sqlite/verify-conversation.ts'
import { verifySqliteRange } from '../src/stores/sqlite/verify-range.ts'
import type { Report } from '../src/verify/report.ts'
import type { Trust } from '../src/verify/trust.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-partial-'))
const original = join(base, 'original')
after(() => rmSync(base, { recursive: true, force: true }))

let trust: Trust = { kind: 'first use' }
let origin = ''
let kept = ''

function draft(n: number): Draft {
  return {
    action: 'tool_invoked',
    actor_id: 'agent',
    actor_type: 'agent',
    conversation_id: `c-${n % 2}`,
    details: { n },
  }
}

// Seqs 1 to 8 alternate between c-1 and c-0; the kept checkpoint covers 0 to 4.
before(async () => {
  await using ledger = await openLedger(original, { origin: 'partial.example' })
  origin = ledger.origin
  const key = parseVerifierKey(await ledger.verifierKey())
  assert.ok(!('code' in key))
  trust = { kind: 'pinned', keys: [key] }
  for (const n of [1, 2, 3, 4]) await ledger.append(draft(n))
  kept = wholeNote(await ledger.publish())
  for (const n of [5, 6, 7]) await ledger.append(draft(n))
  await ledger.append({ ...draft(8), action: 'conversation_ended' })
})

function copy(name: string): string {
  const folder = join(base, name)
  cpSync(original, folder, { recursive: true })
  return folder
}

const conversation = async (folder: string, conversation_id = 'c-1'): Promise<Report> =>
  verifySqliteConversation(databaseFile(folder), { conversation_id, trust, anchors: [await localAnchor(folder)] })

const range = async (folder: string, since = kept): Promise<Report> =>
  verifySqliteRange(databaseFile(folder), { since, trust, anchors: [await localAnchor(folder)] })

const codes = (report: Report): string[] => report.findings.map(({ code }) => code)

describe('a conversation alone', () => {
  test('is valid, and says whether it was closed', async () => {
    const open = await conversation(original)
    assert.deepEqual(
      [open.status, open.records_checked, open.axes.completeness.says],
      ['valid', 4, 'complete 0..3 of the conversation, open at 3'],
    )
    assert.match((await conversation(original, 'c-0')).axes.completeness.says, /closed at 3/)
    assert.equal((await conversation(original)).axes.signer.verdict, 'pinned key')
  })

  test('an altered entry is found at its place', async () => {
    const folder = copy('c-altered')
    editRow(folder, 3, (entry) => ({ ...entry, actor_id: 'somebody' }))
    const report = await conversation(folder)
    assert.deepEqual([report.status, report.broken_at?.seq], ['tampered', 3])
    assert.ok(codes(report).includes('entry-altered'))
  })

  test('an entry removed from its middle is found', async () => {
    const folder = copy('c-removed')
    deleteRow(folder, 3)
    const report = await conversation(folder)
    assert.equal(report.status, 'tampered')
    assert.ok(codes(report).includes('conversation-broken'))
  })

  test('an entry moved to another conversation is found in both', async () => {
    const folder = copy('c-moved')
    editRow(folder, 3, (entry) => ({ ...entry, conversation_id: 'c-9' }))
    assert.equal((await conversation(folder)).status, 'tampered')
    assert.equal((await conversation(folder, 'c-9')).status, 'tampered')
  })

  test('a rewrite with the real key is found by the checkpoint log', async () => {
    const folder = copy('c-rewritten')
    await rewriteEverything(folder, origin, join(base, 'nowhere'), 3, (entry) => ({ ...entry, actor_id: 'somebody' }))
    const report = await conversation(folder)
    assert.equal(report.status, 'tampered')
    assert.ok(codes(report).includes('anchor-mismatch'))
  })

  test('its last entry, when moved away, is not missed by the conversation alone, which says so', async () => {
    const folder = copy('c-last')
    editRow(folder, 7, (entry) => ({ ...entry, conversation_id: 'c-9' }))
    const report = await conversation(folder)
    assert.equal(report.status, 'valid')
    assert.ok(report.not_checked.some((line) => line.includes('no later entries')))
  })

  test('of which nothing is there is empty', async () => {
    assert.equal((await conversation(original, 'nobody')).status, 'empty')
  })
})

describe('what came after a trusted checkpoint', () => {
  test('is valid, and says what was not read', async () => {
    const report = await range(original)
    assert.deepEqual(
      [report.status, report.records_checked, report.axes.completeness.says],
      ['valid', 4, 'complete 5..8, continuing the trusted checkpoint'],
    )
    assert.ok(report.not_checked.some((line) => line.startsWith('entries 0 to 4')))
  })

  test('an altered entry in it is found at its place', async () => {
    const folder = copy('r-altered')
    editRow(folder, 6, (entry) => ({ ...entry, actor_id: 'somebody' }))
    const report = await range(folder)
    assert.deepEqual([report.status, report.broken_at?.seq], ['tampered', 6])
  })

  test('an entry removed from it is found', async () => {
    const folder = copy('r-removed')
    deleteRow(folder, 6)
    const report = await range(folder)
    assert.deepEqual([report.status, report.broken_at?.seq], ['tampered', 6])
  })

  test('an entry altered before it is not noticed, which the report says', async () => {
    const folder = copy('r-before')
    editRow(folder, 2, (entry) => ({ ...entry, actor_id: 'somebody' }))
    const report = await range(folder)
    assert.equal(report.status, 'valid')
    assert.ok(report.not_checked.some((line) => line.includes('not read')))
  })

  test('a log that was cut below the trusted checkpoint is found', async () => {
    const folder = copy('r-cut')
    cutTail(folder, 3)
    const report = await range(folder)
    assert.equal(report.status, 'tampered')
    assert.ok(codes(report).includes('tail-cut'))
  })

  test('a log with another history below it is found', async () => {
    const folder = copy('r-rewritten')
    await rewriteEverything(folder, origin, join(base, 'nowhere-else'), 2, (entry) => ({
      ...entry,
      actor_id: 'somebody',
    }))
    const report = await range(folder)
    assert.equal(report.status, 'tampered')
    assert.ok(codes(report).includes('anchor-mismatch'))
  })

  test('a checkpoint that nobody trusted has signed is no ground to stand on', async () => {
    const other = join(base, 'other')
    await using ledger = await openLedger(other, { origin: 'partial.example' })
    const foreign = wholeNote(await ledger.publish())
    assert.equal((await range(original, foreign)).status, 'incomplete')
    assert.notEqual((await range(original, 'no note at all')).status, 'valid')
    const forged = kept.replace('partial.example', 'partial.exampl3')
    assert.notEqual((await range(original, forged)).status, 'valid')
  })
})
