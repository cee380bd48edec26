// An audit whose ledger takes no records for a while: what waited in the spool is on record afterwards, in order and once, and
// the gap is explained (spec/capture.md §6, spec/spool.md).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { openSpool } from '../src/capture/spool.ts'
import { createAudit } from '../src/capture.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { newSpoolPlace, openQuiet, recordsIn } from './spool-place.ts'

/** Takes records or not, as `world` says. */
function onAndOff(ledger: Ledger, world: { down: boolean }): Ledger {
  const append = async (draft: Draft) => {
    if (world.down) throw new LedgerError('not-committed', { problem: 'the database is away' })
    return ledger.append(draft)
  }
  return { ...ledger, append }
}

test('what an agent did while its ledger took nothing is recorded in order, once, and the gap is explained', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'affidavit-capture-spool-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const place = await newSpoolPlace(root)
  await using ledger = await openQuiet(place)
  const world = { down: false }
  const away = onAndOff(ledger, world)
  const spool = await openSpool({ folder: place.spool, ledger: away })
  const audit = createAudit({ ledger: away, spool, agent_name: 'clinic', producer_id: 'p' })
  await audit.run({ conversation_id: 'c', actor_id: 'pat-1' }, async () => {
    await audit.message('first')
    world.down = true
    await audit.message('second')
    await audit.message('my PIN is 4821')
    await assert.rejects(
      audit.dataAccess({ access: 'read', resource_type: 'patient_record', resource_id: 'r' }, () => 'data'),
      { code: 'not-committed' },
    )
    assert.ok(spool.waiting() >= 2)
  })
  world.down = false
  await audit.run({ conversation_id: 'c', actor_id: 'pat-1' }, () => audit.message('fourth'))
  await audit.close()
  const records = await recordsIn(ledger)
  const said = records.filter(({ action }) => action === 'user_message_received')
  assert.equal(said.length, 4)
  assert.deepEqual(said[2]?.details?.removed_before_spool, [{ path: 'content.message', types: ['card_pin'] }])
  const numbers = records.flatMap(({ producer_id, producer_seq }) => (producer_id === 'p' ? (producer_seq ?? -1) : []))
  const resumed = records.find(({ action }) => action === 'logging_resumed')
  assert.ok(records.some(({ action }) => action === 'logging_degraded'))
  assert.deepEqual([Number(resumed?.details?.spooled) >= 2, Number(resumed?.details?.refused)], [true, 1])
  const explained = [...numbers, ...numbersOf(resumed?.details?.refused_seqs)].sort((a, b) => a - b)
  assert.deepEqual(
    explained,
    Array.from({ length: explained.length }, (_, i) => i),
  )
})

test('an agent that ends while its ledger takes nothing leaves in the spool what explains its gap', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'affidavit-capture-spool-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const place = await newSpoolPlace(root)
  await using ledger = await openQuiet(place)
  const world = { down: true }
  const away = onAndOff(ledger, world)
  const spool = await openSpool({ folder: place.spool, ledger: away })
  const audit = createAudit({ ledger: away, spool, agent_name: 'clinic', producer_id: 'p' })
  await audit.run({ conversation_id: 'c', actor_id: 'pat-1' }, async () => {
    await audit.message('first')
    const access = { access: 'read', resource_type: 'patient_record', resource_id: 'r' } as const
    await assert.rejects(
      audit.dataAccess(access, () => 'data'),
      { code: 'not-committed' },
    )
  })
  await assert.rejects(audit.close(), { code: 'not-committed' })
  world.down = false
  await using later = await openSpool({ folder: place.spool, ledger: away })
  await later.forward()
  const records = (await recordsIn(ledger)).filter(({ producer_id }) => producer_id === 'p')
  const resumed = records.find(({ action }) => action === 'logging_resumed')
  const numbers = records.map(({ producer_seq }) => producer_seq ?? -1)
  const explained = [...numbers, ...numbersOf(resumed?.details?.refused_seqs)].sort((a, b) => a - b)
  assert.deepEqual(explained, [0, 1, 2, 3])
})

function numbersOf(ranges: unknown): number[] {
  assert.ok(Array.isArray(ranges))
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i))
}
