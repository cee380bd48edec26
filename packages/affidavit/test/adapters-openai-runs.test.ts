// An audited client among runs, audits and clients made of it: what is whose, what waits, and what stays audited.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import OpenAI, { AzureOpenAI } from 'openai'
import OpenAI6 from 'openai-6'

import { auditOpenAI } from '../src/adapters/openai.ts'
import { createAudit } from '../src/capture.ts'
import { CONTEXT, openWorld } from './captured.ts'
import { gatedLedger } from './gated-ledger.ts'
import { hold, SOME_TEXT, says, slow, status } from './mock-answer.ts'
import { CHAT, RESPONSES } from './openai-ways.ts'
import { assertSent, attemptsOf, MAJORS, openaiWorld, QUESTION, readAll } from './openai-world.ts'
import { pairsIn, sentAgain } from './sent-again.ts'

test('of a stream, the end alone waits for the outcome to be recorded', async (t) => {
  const world = await openaiWorld(t)
  for (const [major, Client] of MAJORS) {
    for (const way of [CHAT, RESPONSES]) {
      await t.test(`${major}, ${way.operation}`, async () => {
        const gated = gatedLedger(world.ledger)
        const recording = hold()
        gated.hold('agent_response_generated', recording)
        const audit = createAudit({ ledger: gated.ledger, agent_name: 'clinic' })
        const client = auditOpenAI(new Client({ apiKey: 'secret', baseURL: `${world.provider.url}/v1` }), audit)
        const rest = hold()
        world.provider.next(slow(rest, { after: -1 }))
        const order: string[] = []
        const reading = audit.run({ ...CONTEXT, conversation_id: `${major} ${way.operation}` }, async () => {
          let read = ''
          for await (const event of await way.stream(client, way.body(QUESTION))) {
            read += way.words(event)
            // All words are here before the provider ends its answer, so before there is an outcome to record.
            if (read === SOME_TEXT) rest.release()
          }
          order.push('the stream ended')
        })
        await recording.reached
        // Whatever could end the stream by now has its turn.
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
        order.push('the outcome is recorded')
        recording.release()
        await reading
        assert.deepEqual(order, ['the outcome is recorded', 'the stream ended'])
      })
    }
  }
})

test('a stream that is read elsewhere belongs to the run that asked for it', async (t) => {
  const world = await openaiWorld(t)
  const client = world.client(OpenAI)
  const asked = (conversation_id: string) =>
    world.audit.run({ ...CONTEXT, conversation_id }, () => CHAT.stream(client, CHAT.body(conversation_id)))
  const [first, second] = await Promise.all([asked('first'), asked('second')])
  assert.equal(await readAll(CHAT, first), SOME_TEXT)
  await world.audit.run({ ...CONTEXT, conversation_id: 'third' }, () => readAll(CHAT, second))
  const records = await world.recorded()
  const answered = records.filter(({ action }) => action === 'agent_response_generated')
  assert.deepEqual(answered.map(({ conversation_id }) => conversation_id).sort(), ['first', 'second'])
  pairsIn(records)
})

test('twenty runs at once keep their conversations apart', async (t) => {
  const world = await openaiWorld(t)
  const { provider, audit } = world
  const client = world.client(OpenAI)
  provider.next(...Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? status(429) : says(`Answer ${i}.`))))
  const conversations = Array.from({ length: 20 }, (_, i) => `talk-${i}`)
  await Promise.all(
    conversations.map((conversation_id, i) =>
      audit.run({ conversation_id, actor_id: `user-${i}` }, async () => {
        const way = i % 2 === 0 ? CHAT : RESPONSES
        await way.create(client, way.body(`First of ${conversation_id}`), { maxRetries: 9 })
        const stream = await way.stream(client, way.body(`Second of ${conversation_id}`), { maxRetries: 9 })
        await readAll(way, stream)
      }),
    ),
  )
  const records = await world.recorded()
  for (const [i, conversation_id] of conversations.entries()) {
    const own = records.filter((record) => record.conversation_id === conversation_id)
    const pairs = pairsIn(own)
    assert.equal(pairs.length, 2)
    for (const [nth, { invoked, outcome }] of pairs.entries()) {
      assert.equal(outcome?.outcome, 'success')
      assert.equal(invoked.on_behalf_of, own[0]?.actor_id)
      const { messages } = sentAgain(records, invoked)
      assert.match(JSON.stringify(messages), new RegExp(`${nth === 0 ? 'First' : 'Second'} of talk-${i}"`))
    }
  }
  const answers = pairsIn(records).map(({ outcome }) => outcome?.said.answer)
  const sent = provider.calls.filter(({ sent }) => sent.status === 200)
  assert.equal(answers.length, sent.length)
  const tries = pairsIn(records).map(({ outcome }) => 1 + attemptsOf(outcome).length)
  assert.equal(
    tries.reduce((sum, n) => sum + n),
    provider.calls.length,
  )
})

test('a client is audited once by each audit', async (t) => {
  const world = await openaiWorld(t)
  const other = await openWorld(t)
  const client = world.client(OpenAI)
  assert.equal(auditOpenAI(client, world.audit), client)
  // The types of both majors are those of a client.
  const older = auditOpenAI(new OpenAI6({ apiKey: 'secret', baseURL: client.baseURL }), world.audit)
  assert.equal(auditOpenAI(older, world.audit), older)

  await t.test('two audits each have the whole call, and the provider has one', async () => {
    const both = auditOpenAI(client, other.audit)
    assert.equal(auditOpenAI(both, world.audit), both)
    assert.equal(auditOpenAI(both, other.audit), both)
    world.provider.next(status(429))
    const all = await world.told(() =>
      other.audit.run({ ...CONTEXT, conversation_id: 'other' }, async () => {
        assert.equal(CHAT.words(await CHAT.create(both, CHAT.body(QUESTION))), SOME_TEXT)
        assert.equal(await readAll(CHAT, await CHAT.stream(both, CHAT.body(QUESTION))), SOME_TEXT)
      }),
    )
    assertSent(CHAT, all)
    assert.equal(all.calls.length, 3)
    const elsewhere = await other.recorded()
    assertSent(CHAT, { ...all, pairs: pairsIn(elsewhere), all: elsewhere, records: elsewhere })
  })

  await t.test('where one of them refuses, the provider is not called', async () => {
    const closed = await openWorld(t)
    await closed.ledger.close()
    for (const both of [
      auditOpenAI(client, closed.audit),
      auditOpenAI(auditOpenAI(new OpenAI({ apiKey: 'secret', baseURL: client.baseURL }), closed.audit), world.audit),
    ]) {
      const all = await world.told(() =>
        assert.rejects(CHAT.create(both, CHAT.body(QUESTION)), { code: 'ledger-closed' }),
      )
      assert.deepEqual(all.calls, [])
    }
  })

  await t.test('the client that was handed in is as it was', async () => {
    const bare = new OpenAI({ apiKey: 'secret', baseURL: client.baseURL })
    auditOpenAI(bare, world.audit)
    const all = await world.told(async () => void (await CHAT.create(bare, CHAT.body(QUESTION))))
    assert.deepEqual([all.calls.length, all.pairs.length], [1, 0])
  })
})

test('a client that is made of an audited one is audited', async (t) => {
  const world = await openaiWorld(t)
  const { provider } = world
  const url = provider.url
  for (const [major, Client] of MAJORS) {
    const client = world.client(Client)
    let through = 0
    const derived = {
      'with another number of tries': client.withOptions({ maxRetries: 4 }),
      'of one that was made of it': client.withOptions({ timeout: 60_000 }).withOptions({ organization: 'clinic' }),
      'with a fetch of its own': client.withOptions({
        fetch(input, init) {
          through++
          return fetch(input, init)
        },
      }),
      'with another key and base': client.withOptions({ apiKey: 'other', baseURL: `${url}/v1/` }),
    }
    for (const [how, made] of Object.entries(derived)) {
      await t.test(`${major}, ${how}`, async () => {
        provider.next(status(500), says(SOME_TEXT))
        const all = await world.told(async () => {
          assert.equal(CHAT.words(await CHAT.create(made, CHAT.body(QUESTION))), SOME_TEXT)
          assert.equal(await readAll(RESPONSES, await RESPONSES.stream(made, RESPONSES.body(QUESTION))), SOME_TEXT)
        })
        assert.equal(all.calls.length, 3)
        assert.deepEqual(
          all.pairs.map(({ outcome }) => [attemptsOf(outcome).length, outcome?.said.answer]),
          [
            [1, SOME_TEXT],
            [0, SOME_TEXT],
          ],
        )
        assert.equal(auditOpenAI(made, world.audit), made)
      })
    }
    await t.test(`${major}, which was used`, () => assert.equal(through, 3))
  }

  await t.test('of one of Azure', async () => {
    const azure = auditOpenAI(
      new AzureOpenAI({ apiKey: 'secret', endpoint: url, apiVersion: '2026-10-01', deployment: 'X' }),
      world.audit,
    ).withOptions({ maxRetries: 0 })
    assert.ok(azure instanceof AzureOpenAI)
    const all = await world.told(async () => void (await CHAT.create(azure, CHAT.body(QUESTION))))
    assertSent(CHAT, all)
  })
})
