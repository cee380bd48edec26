// Reading a ledger on a server (spec/client.md §5): what the embedded ledger answers, in the name that the token stands for.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import type { RemoteLedger } from '../src/client/remote-ledger.ts'
import type { AuditRecord, Draft } from '../src/formats/fields.ts'
import { wholeBody } from '../src/ledger/open-content.ts'
import { questionsOf } from '../src/query/questions.ts'
import { type RemoteWorld, startRemoteWorld, stepOf } from './remote-world.ts'

let world: RemoteWorld
let auditor: RemoteLedger
const ME = { actor_id: 'auditor-1', purpose: 'Prüfung 7' }
before(async () => {
  world = await startRemoteWorld()
  const steps = Array.from({ length: 1_203 }, (_, n) => stepOf(`many-${n % 2}`, n))
  const said: Draft = {
    action: 'user_message_received',
    actor_id: 'pat-1',
    actor_type: 'user',
    conversation_id: 'said',
    content: [
      { name: 'message', media_type: 'text/plain', body: 'May I take ibuprofen?' },
      { name: 'scan', media_type: 'application/octet-stream', body: Uint8Array.from([0, 255, 7]) },
    ],
  }
  await world.embedded.appendMany([said, ...steps])
  auditor = await world.open({ token: await world.token('auditor') })
})
after(async () => {
  await auditor.close()
  await world.close()
})

async function all(found: AsyncGenerator<AuditRecord, { readonly more: boolean }>): Promise<[AuditRecord[], boolean]> {
  const records: AuditRecord[] = []
  for (let one = await found.next(); ; one = await found.next()) {
    if (one.done === true) return [records, one.value.more]
    records.push(one.value)
  }
}

test('a search finds what the embedded ledger finds, page after page, in both orders, and says whether there is more', async () => {
  for (const order of ['ascending', 'descending'] as const) {
    for (const limit of [1, 499, 500, 601, 602, 10_000]) {
      const filter = { conversation_id: 'many-0' }
      const [expected, expectedMore] = await all(world.embedded.as({ actor_id: 'x' }).search(filter, { order, limit }))
      const [found, more] = await all(auditor.as(ME).search(filter, { order, limit }))
      assert.deepEqual([found, more], [expected, expectedMore])
    }
  }
  assert.deepEqual(await all(auditor.as(ME).search({ action: 'clinic.none' })), [[], false])
})

test('a record is shown with its exact bytes, by id and by seq, and one that is not there is told', async () => {
  const [[record]] = await all(auditor.as(ME).search({ conversation_id: 'said' }))
  assert.ok(record)
  const embedded = world.embedded.as({ actor_id: 'x' })
  for (const which of [record.id, record.seq]) {
    const { seq, entry } = await auditor.as(ME).show(which)
    assert.deepEqual([seq, Buffer.from(entry)], [record.seq, Buffer.from((await embedded.show(which)).entry)])
  }
  await assert.rejects(auditor.as(ME).show(99_999), { code: 'not-found' })
})

test('contents are revealed for a reason, byte for byte, and a token resolved for who may', async () => {
  const reading = auditor.as(ME)
  const [one] = await reading.reveal({ conversation_id: 'said' }, { reason: 'a complaint' })
  const bodies = await Promise.all(
    (one?.contents ?? []).map(async (content) =>
      content.state === 'opened' ? [...(await wholeBody(content.body))] : [],
    ),
  )
  assert.deepEqual(bodies, [[...Buffer.from('May I take ibuprofen?')], [0, 255, 7]])
  const [same] = await reading.reveal({ record: one?.record.id ?? '' }, { reason: 'a complaint' })
  assert.equal(same?.record.integrity_hash, one?.record.integrity_hash)
  await assert.rejects(reading.reveal({ conversation_id: 'said' }, { reason: ' ' }), {
    code: 'invalid-query',
    path: 'reason',
  })
  await assert.rejects(reading.resolve(one?.record.actor_id ?? '', { reason: 'x' }), { code: 'not-allowed' })
  await using privacy = await world.open({ token: await world.token('privacy') })
  const resolved = await privacy.as({ actor_id: 'privacy-1' }).resolve(one?.record.actor_id ?? '', { reason: 'x' })
  assert.equal(resolved, 'pat-1')
})

test('questions of an auditor have the answers of the embedded ledger', async () => {
  const reading = auditor.as(ME)
  const embedded = world.embedded.as({ actor_id: 'x' })
  const questions = questionsOf(embedded)
  const [[record]] = await all(reading.search({ conversation_id: 'said' }))
  const which = record?.seq ?? 0
  const without = ({ as_of_seq: _, ...answer }: { as_of_seq: number }): object => answer
  assert.deepEqual(without(await reading.lineage(which)), without(await questions.lineage(which)))
  assert.deepEqual(without(await reading.grants({ limit: 3 })), without(await questions.grants({ limit: 3 })))
  assert.deepEqual(
    without(await reading.versions({ agent_name: 'triage' })),
    without(await questions.versions({ agent_name: 'triage' })),
  )
  assert.deepEqual(without(await reading.gaps({ until_seq: 500 })), without(await questions.gaps({ until_seq: 500 })))
  await assert.rejects(reading.lineage('01900000-0000-7000-8000-00000000ffff'), { code: 'not-found' })
  assert.deepEqual(await reading.destroyedIn('said'), [])
})

test('who has read is told, with the purpose as it was said, and nobody reads in the name of another', async () => {
  await all(auditor.as(ME).search({ conversation_id: 'said' }))
  const readers = await auditor.as(ME).readers({ conversation_id: 'said' })
  const mine = readers.filter(({ reader, purpose }) => reader === 'auditor-1' && purpose === 'Prüfung 7')
  assert.ok(mine.length > 0, JSON.stringify(readers.at(-1)))
  assert.throws(() => auditor.as({ actor_id: 'somebody' }), { code: 'not-allowed', path: 'actor_id' })
  assert.throws(() => auditor.as({ actor_id: 'auditor-1', actor_type: 'admin' }), { code: 'not-allowed' })
  assert.throws(() => auditor.as({ ...ME, purpose: 'a\nb' }), { code: 'invalid-query', path: 'purpose' })
})

test('a token that may not read is refused, as by the embedded ledger', async () => {
  await using writer = await world.open()
  await assert.rejects(writer.as({ actor_id: 'writer-1' }).search().next(), { code: 'not-allowed' })
})

test('a record that is not what its hash says is no answer', async (t) => {
  t.after(() => {
    world.proxy.rewrite = (_, body) => body
  })
  world.proxy.rewrite = (_, body) => Buffer.from(body.toString().replaceAll('"tool_invoked"', '"tool_completed"'))
  await assert.rejects(auditor.as(ME).search({ conversation_id: 'many-0' }).next(), {
    code: 'server-unavailable',
    message: /not what its hash says/,
  })
})
