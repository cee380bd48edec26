// What cannot be recorded does not happen: with a ledger that refuses, no model is called; where the ledger begins to refuse later, the
// answer is not handed over, and no provider is called again for it.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import OpenAI from 'openai'

import { auditedFetch, auditOpenAI } from '../src/adapters/openai.ts'
import { createAudit } from '../src/capture.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { CONTEXT, openWorld } from './captured.ts'
import { gatedLedger } from './gated-ledger.ts'
import { cut, hold, SOME_TEXT, says, slow, status } from './mock-answer.ts'
import { startMockProvider } from './mock-provider.ts'
import { CHAT, RESPONSES } from './openai-ways.ts'
import { MAJORS, QUESTION } from './openai-world.ts'
import { pairsIn } from './sent-again.ts'

test('with a ledger that refuses, no provider is called, and nothing is tried again', async (t) => {
  const provider = await startMockProvider()
  t.after(() => provider.close())
  const closed = await openWorld(t)
  await closed.ledger.close()
  const world = await openWorld(t)
  const gated = gatedLedger(world.ledger)
  gated.refuse('model_invoked')
  const audits = [
    ['a ledger that is closed', closed.audit, 'ledger-closed'],
    ['a ledger whose disk is gone', createAudit({ ledger: gated.ledger, agent_name: 'clinic' }), 'store-unavailable'],
  ] as const

  for (const [ledger, audit, code] of audits) {
    for (const [major, Client] of MAJORS) {
      const client = auditOpenAI(new Client({ apiKey: 'secret', baseURL: `${provider.url}/v1` }), audit)
      await t.test(`${ledger}, ${major}`, () =>
        audit.run(CONTEXT, async () => {
          for (const way of [CHAT, RESPONSES]) {
            for (const ask of [way.create, way.stream]) {
              await assert.rejects(
                ask(client, way.body(QUESTION)),
                (error: unknown) => error instanceof LedgerError && error.code === code,
              )
            }
          }
          await assert.rejects(client.embeddings.create({ model: 'embed', input: 'a' }), { code })
          assert.equal(provider.calls.length, 0)
        }),
      )
    }

    await t.test(`${ledger}, fetch alone`, () =>
      audit.run(CONTEXT, async () => {
        const fetch = auditedFetch(audit)
        const request = { method: 'POST', body: JSON.stringify({ ...CHAT.body(QUESTION) }) }
        const response = await fetch(`${provider.url}/v1/chat/completions`, request)
        assert.equal(response.status, 424)
        assert.equal(response.headers.get('x-should-retry'), 'false')
        assert.match(await response.text(), /"code":"AUDIT_UNAVAILABLE"/)
        // A client of which nothing but its fetch is audited: it does not try again either.
        const client = new OpenAI({ apiKey: 'secret', baseURL: `${provider.url}/v1`, fetch })
        await assert.rejects(CHAT.create(client, CHAT.body(QUESTION)), { status: 424 })
        assert.equal(provider.calls.length, 0)
      }),
    )
  }
})

test('where the outcome cannot be recorded, the provider was called once, and the answer is not handed over', async (t) => {
  const provider = await startMockProvider()
  t.after(() => provider.close())
  const world = await openWorld(t)
  const gated = gatedLedger(world.ledger)
  gated.refuse('agent_response_generated', 'agent_failed')
  const audit = createAudit({ ledger: gated.ledger, agent_name: 'clinic' })
  let conversations = 0

  /** How often the provider is called where the record of what comes of it is refused. */
  async function called(work: () => Promise<unknown>): Promise<number> {
    const before = provider.calls.length
    const context = { ...CONTEXT, conversation_id: `c-${++conversations}` }
    await assert.rejects(
      audit.run(context, work),
      (error: unknown) => error instanceof LedgerError && error.code === 'store-unavailable',
    )
    await provider.idle()
    return provider.calls.length - before
  }

  for (const [major, Client] of MAJORS) {
    const client = auditOpenAI(new Client({ apiKey: 'secret', baseURL: `${provider.url}/v1` }), audit)
    for (const way of [CHAT, RESPONSES]) {
      const name = `${major}, ${way.operation}`
      await t.test(`${name}: a whole answer`, async () => {
        assert.equal(await called(async () => way.create(client, way.body(QUESTION))), 1)
        const response = async () => (await way.create(client, way.body(QUESTION)).asResponse()).text()
        assert.equal(await called(response), 1)
      })

      await t.test(`${name}: a stream, of which all but the last chunk was given`, async () => {
        const end = hold()
        provider.next(slow(end, { after: -1 }))
        let read = ''
        const times = await called(async () => {
          for await (const event of await way.stream(client, way.body(QUESTION))) {
            assert.doesNotMatch(JSON.stringify(event), /response\.completed/)
            read += way.words(event)
            if (read === SOME_TEXT) end.release()
          }
        })
        assert.equal(times, 1)
        assert.equal(read, SOME_TEXT)
      })

      await t.test(`${name}: a refusal of the provider`, async () => {
        provider.next(status(401))
        assert.equal(await called(async () => way.create(client, way.body(QUESTION))), 1)
        provider.next(status(429), status(429), status(429))
        assert.equal(await called(async () => way.create(client, way.body(QUESTION))), 3)
      })

      await t.test(
        `${name}: a stream that the application leaves: it may learn of it, and nothing goes astray`,
        async () => {
          const before = provider.calls.length
          provider.next(slow(hold(), { after: 3 }))
          await audit.run({ ...CONTEXT, conversation_id: `c-${++conversations}` }, async () => {
            const stream = await way.stream(client, way.body(QUESTION))
            const left = (async () => {
              for await (const _ of stream) break
            })()
            await left.catch((error) => assert.ok(error instanceof LedgerError))
          })
          await provider.idle()
          assert.equal(provider.calls.length - before, 1)
        },
      )

      await t.test(`${name}: a cut connection`, async () => {
        provider.next(cut({ by: 'reset' }))
        assert.equal(await called(async () => way.create(client, way.body(QUESTION))), 1)
      })
    }
  }

  await t.test('the intents say that it was called', async () => {
    const pairs = pairsIn(await world.recorded())
    assert.equal(pairs.length, conversations)
    assert.ok(pairs.every(({ outcome }) => outcome === undefined))
  })
})

test('a ledger that is closed while the provider answers', async (t) => {
  const provider = await startMockProvider()
  t.after(() => provider.close())
  const answering = hold()
  provider.next(slow(answering))
  const world = await openWorld(t)
  const client = auditOpenAI(new OpenAI({ apiKey: 'secret', baseURL: `${provider.url}/v1` }), world.audit)
  await world.audit.run(CONTEXT, async () => {
    const answer = CHAT.create(client, CHAT.body(QUESTION))
    await answering.reached
    await world.ledger.close()
    answering.release()
    await assert.rejects(answer, { code: 'ledger-closed' })
  })
  assert.equal(provider.calls.length, 1)
})

test('an answer that takes longer to record than the client waits is given once it is recorded, and asked for once', async (t) => {
  const provider = await startMockProvider()
  t.after(() => provider.close())
  const world = await openWorld(t)
  for (const [major, Client] of MAJORS) {
    await t.test(major, async () => {
      const gated = gatedLedger(world.ledger)
      const recording = hold()
      gated.hold('agent_response_generated', recording)
      const audit = createAudit({ ledger: gated.ledger, agent_name: 'clinic' })
      const givenUp = Promise.withResolvers<void>()
      const client = auditOpenAI(
        new Client({
          apiKey: 'secret',
          baseURL: `${provider.url}/v1`,
          fetch(input, init) {
            init?.signal?.addEventListener('abort', () => givenUp.resolve())
            return fetch(input, init)
          },
        }),
        audit,
      )
      const before = provider.calls.length
      provider.next(says('Recorded.'))
      await audit.run({ ...CONTEXT, conversation_id: major }, async () => {
        // Asked for its answer, a client reads the body.
        const answer = CHAT.create(client, CHAT.body(QUESTION), { timeout: 600 }).then(CHAT.words)
        await recording.reached
        // The older one does not limit how long a body takes.
        if (major === 'openai 7') await givenUp.promise
        recording.release()
        assert.equal(await answer, 'Recorded.')
      })
      assert.equal(provider.calls.length - before, 1)
      const records = await world.recorded()
      assert.equal(pairsIn(records.filter(({ conversation_id }) => conversation_id === major)).length, 1)
    })
  }
})
