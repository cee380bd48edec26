// However a call of the OpenAI client ends, it is one pair of records, and they say how: tried again, refused, aborted, left, cut, no JSON,
// too slow, never read.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Behaviour, cut, hold, malformed, SOME_TEXT, slow, status } from './mock-answer.ts'
import { CHAT, RESPONSES } from './openai-ways.ts'
import { assertSent, attemptsOf, MAJORS, openaiWorld, QUESTION, readAll, type Told } from './openai-world.ts'

/** What the records say of the only call. */
function endOf({ pairs }: Told) {
  assert.equal(pairs.length, 1)
  const { outcome } = pairs[0] ?? {}
  const { ended, error, delivery } = outcome?.details ?? {}
  return { action: outcome?.action, outcome: outcome?.outcome, ended, error, delivery, said: outcome?.said }
}

test('how a call ended', async (t) => {
  const world = await openaiWorld(t)
  const { provider, told } = world
  // How a body is read is the client's, what it says the adapter's: the older client is asked in one way.
  const cases = MAJORS.flatMap(([major, Client]) =>
    (major === 'openai 7' ? [CHAT, RESPONSES] : [CHAT]).map((way) => {
      return { name: `${major}, ${way.operation}`, client: world.client(Client), way }
    }),
  )

  for (const { name, client, way } of cases) {
    await t.test(`${name}: refused, and tried again`, async () => {
      for (const code of [429, 500]) {
        provider.next(status(code), status(code))
        const all = await told(async () => {
          assert.equal(way.words(await way.create(client, way.body(QUESTION))), SOME_TEXT)
        })
        assert.equal(all.calls.length, 3)
        assertSent(way, all)
        const [{ outcome } = {}] = all.pairs
        assert.equal(outcome?.outcome, 'success')
        assert.deepEqual(
          attemptsOf(outcome).map(({ n, status }) => [n, status]),
          [
            [1, code],
            [2, code],
          ],
        )
      }
    })

    await t.test(`${name}: refused for good`, async () => {
      provider.next(status(500), status(401))
      const all = await told(() => assert.rejects(way.create(client, way.body(QUESTION)), { status: 401 }))
      assertSent(way, all)
      const { action, outcome, ended, error, said } = endOf(all)
      assert.deepEqual([action, outcome, ended], ['agent_failed', 'error', 'failed'])
      assert.deepEqual(error, { name: 'Error', code: 'mock_401', status: 401 })
      assert.deepEqual(JSON.parse(said?.response ?? ''), JSON.parse(all.calls[1]?.sent.body ?? ''))
      assert.equal(attemptsOf(all.pairs[0]?.outcome).length, 1)
    })

    await t.test(`${name}: aborted before the answer began`, async () => {
      for (const ask of [way.create, way.stream]) {
        const waiting = hold()
        provider.next(slow(waiting))
        const abort = new AbortController()
        const all = await told(async () => {
          const answer = ask(client, way.body(QUESTION), { signal: abort.signal })
          await waiting.reached
          abort.abort()
          await assert.rejects(answer, /aborted/)
        })
        assertSent(way, all)
        const { action, outcome, ended } = endOf(all)
        assert.deepEqual([action, outcome, ended], ['agent_failed', 'failure', 'cancelled'])
      }
    })

    await t.test(`${name}: aborted before it was sent`, async () => {
      const all = await told(() =>
        assert.rejects(way.create(client, way.body(QUESTION), { signal: AbortSignal.abort() }), /aborted/),
      )
      assert.deepEqual([all.calls, all.pairs], [[], []])
    })

    for (const how of ['aborted', 'left'] as const) {
      await t.test(`${name}: a stream that is ${how} half-way`, async () => {
        const rest = hold()
        const some = way === CHAT ? 3 : 6
        provider.next(slow(rest, { after: some }))
        const abort = new AbortController()
        let read = ''
        const all = await told(async () => {
          for await (const event of await way.stream(client, way.body(QUESTION), { signal: abort.signal })) {
            read += way.words(event)
            if (read === 'It is ' && how === 'left') break
            if (read === 'It is ') abort.abort()
          }
        })
        assertSent(way, all)
        const { action, outcome, ended, delivery, said } = endOf(all)
        assert.deepEqual(
          [action, outcome, ended, delivery],
          ['agent_response_generated', 'failure', 'cancelled', 'cut'],
        )
        assert.equal(said?.answer, read)
      })
    }

    for (const by of ['end', 'reset'] as const) {
      await t.test(`${name}: cut by ${by === 'end' ? 'an early end' : 'a reset'}`, async () => {
        const some = way === CHAT ? 3 : 6
        provider.next(cut({ after: some, by }))
        const all = await told(async () => {
          const read = way.stream(client, way.body(QUESTION)).then((stream) => readAll(way, stream))
          if (by === 'reset') await assert.rejects(read, /terminated/)
          else assert.equal(await read, 'It is ')
        })
        assertSent(way, all)
        const { action, outcome, ended, said } = endOf(all)
        assert.deepEqual([action, outcome, ended], ['agent_response_generated', 'failure', 'cut'])
        assert.equal(said?.answer, 'It is ')
      })
    }

    await t.test(`${name}: an answer that is cut, or no JSON`, async () => {
      const odd: readonly [Behaviour, RegExp][] = [
        [cut(), /terminated/],
        [malformed(), /JSON/],
      ]
      for (const [behaviour, problem] of odd) {
        provider.next(behaviour)
        const all = await told(() => assert.rejects(way.create(client, way.body(QUESTION)), problem))
        assertSent(way, all)
        const { action, outcome, ended, said } = endOf(all)
        assert.deepEqual([action, outcome, ended], ['agent_failed', 'failure', 'cut'])
        assert.equal(JSON.parse(JSON.stringify(said?.response)), all.calls[0]?.sent.body)
      }
    })

    await t.test(`${name}: a stream with an event that is no JSON`, async () => {
      provider.next(malformed())
      const quiet = client.withOptions({ logLevel: 'off' })
      const all = await told(async () => {
        const read = way.stream(quiet, way.body(QUESTION)).then((stream) => readAll(way, stream))
        await assert.rejects(read, SyntaxError)
      })
      assertSent(way, all)
      assert.equal(endOf(all).said?.answer, SOME_TEXT)
    })

    await t.test(`${name}: a stream that nobody reads has an intent, and no outcome`, async () => {
      const rest = hold()
      provider.next(slow(rest, { after: 3 }))
      const abort = new AbortController()
      const all = await told(async () => {
        await way.stream(client, way.body(QUESTION), { signal: abort.signal })
        await rest.reached
        rest.release()
      })
      assert.equal(all.pairs.length, 1)
      assert.equal(all.pairs[0]?.outcome, undefined)
    })
  }

  // What the client does by itself, whatever it is asked for.
  for (const [major, Client] of MAJORS) {
    const [name, way, client] = [major, CHAT, world.client(Client)] as const

    await t.test(`${name}: refused until the client gives up`, async () => {
      provider.next(status(429), status(503))
      const body = way.body(QUESTION)
      const all = await told(() => assert.rejects(way.create(client, body, { maxRetries: 1 }), { status: 503 }))
      assertSent(way, all)
      assert.deepEqual(endOf(all).error, { name: 'Error', code: 'mock_503', status: 503 })
    })

    await t.test(`${name}: aborted between two tries`, async () => {
      const abort = new AbortController()
      provider.next(status(429, { retryAfterMs: 50_000 }))
      const all = await told(async () => {
        const answer = way.create(client, way.body(QUESTION), { signal: abort.signal })
        // Some version waits to the end of its pause.
        const left = Promise.race([answer, new Promise((_, reject) => abort.signal.addEventListener('abort', reject))])
        while (provider.calls.at(-1)?.sent.status !== 429) await new Promise(setImmediate)
        abort.abort()
        await assert.rejects(left)
      })
      assert.equal(all.calls.length, 1)
      assert.equal(all.pairs.length, 1)
    })

    await t.test(`${name}: too slow for the client, and tried again`, async () => {
      provider.next(slow(hold()))
      const all = await told(async () => {
        const answer = way.create(client, way.body(QUESTION), { timeout: 250, maxRetries: 9 })
        assert.equal(way.words(await answer), SOME_TEXT)
      })
      assertSent(way, all)
      assert.ok(attemptsOf(all.pairs[0]?.outcome).length > 0)
    })
  }
})
