// Capture with a ledger on a server (spec/client.md §3): as with an embedded one, also while the server is down.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { openSpool } from '../src/capture/spool.ts'
import { createAudit } from '../src/capture.ts'
import { ASKING } from './audited-work.ts'
import { startRemoteWorld } from './remote-world.ts'
import { spoolDraft } from './spool-place.ts'

test('ids, digests and spools are those of the embedded ledger', async (t) => {
  const world = await startRemoteWorld()
  t.after(() => world.close())
  await using ledger = await world.open()
  const { embedded } = world
  assert.equal(ledger.deriveId('a', 'b'), embedded.deriveId('a', 'b'))
  assert.equal(ledger.digest('prompt'), embedded.digest('prompt'))
  const aad = Buffer.from('place')
  assert.deepEqual(
    embedded.spooling.open(ledger.spooling.seal(Buffer.from('draft'), aad), aad),
    new Uint8Array(Buffer.from('draft')),
  )
  const folder = join(world.folder, 'spool')
  const spool = await openSpool({ folder, ledger })
  for (const i of [0, 1, 2]) await spool.put(spoolDraft(i))
  await spool.close()
  const later = await openSpool({ folder, ledger: embedded })
  assert.deepEqual(await later.forward(), { recorded: 3, duplicates: 0, refused: [], unreadable: [] })
  await later.close()
})

test('steps that are captured while the server is down are on record once it is back, in order and once', async (t) => {
  const world = await startRemoteWorld()
  t.after(() => world.close())
  await using ledger = await world.open({ patienceMillis: 60_000 })
  const folder = join(world.folder, 'spool')
  const spool = await openSpool({ folder, ledger })
  const audit = createAudit({ ledger, spool, agent_name: 'clinic', producer_id: 'p' })
  await audit.run({ conversation_id: 'c', actor_id: 'pat-1' }, async () => {
    await audit.message('first')
    world.proxy.next = () => 'lost request'
    await audit.message('second')
    await audit.message('my PIN is 4821')
  })
  assert.ok(spool.waiting() >= 2)
  await audit.close().catch(() => undefined)
  await spool.close()

  // A process that started since.
  world.proxy.next = () => 'none'
  await using anew = await world.open()
  await using found = await openSpool({ folder, ledger: anew })
  // The first request comes through, and nobody hears of it.
  const faults = ['lost answer' as const]
  world.proxy.next = ({ path }) => (path.endsWith('/records') ? (faults.shift() ?? 'none') : 'none')
  const { refused, unreadable } = await found.forward()
  assert.deepEqual([refused, unreadable, found.waiting()], [[], [], 0])
  const records = await world.records()
  const said = records.filter(({ action }) => action === 'user_message_received')
  assert.equal(said.length, 3)
  assert.deepEqual(said[2]?.details?.removed_before_spool, [{ path: 'content.message', types: ['card_pin'] }])
  const numbers = said.map(({ producer_seq }) => Number(producer_seq))
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
  const all = records.flatMap(({ producer_id, producer_seq }) => (producer_id === 'p' ? [Number(producer_seq)] : []))
  assert.deepEqual(
    all.toSorted((a, b) => a - b),
    [...all.keys()],
  )
})

test('a prompt that a server knows is not announced again, and a new one is held against it', async (t) => {
  const world = await startRemoteWorld()
  t.after(() => world.close())
  for (const content of ['Be kind.', 'Be kind.', 'Be terse.']) {
    await using ledger = await world.open()
    const audit = createAudit({ ledger, agent_name: 'clinic' })
    await audit.run({ conversation_id: 'c', actor_id: 'pat-1' }, async () => {
      const call = await audit.beginModelCall({ ...ASKING, instructions: [{ role: 'system', content }] })
      await call.end({ ended: 'complete', answer: 'well' })
    })
    await audit.close()
  }
  const announced = (await world.records()).filter(({ action }) => action === 'prompt_changed')
  assert.equal(announced.length, 2)
})
