// What is not a plain question with a plain answer: other operations, forms, sounds, bodies that no schema allows, answers of any kind.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

import OpenAI, { AzureOpenAI } from 'openai'

import { auditedFetch, auditOpenAI } from '../src/adapters/openai.ts'
import { createAudit } from '../src/capture.ts'
import { type AnyServer, json, startAnyServer, typed } from './any-server.ts'
import { type CapturedRecord, CONTEXT, openWorld } from './captured.ts'
import { gatedLedger } from './gated-ledger.ts'
import { CHAT, RESPONSES } from './openai-ways.ts'
import { attemptsOf, MAJORS, QUESTION } from './openai-world.ts'
import { type Pair, pairsIn, sentAgain } from './sent-again.ts'

const ANSWER = { id: 'chatcmpl-1', model: 'gpt', choices: [{ message: { content: 'Well.' }, finish_reason: 'stop' }] }

const SKIP_LONG = process.env.AFFIDAVIT_SOAK === '1' ? false : 'AFFIDAVIT_SOAK=1 runs it'

test('odd requests and answers', async (t) => {
  const world = await openWorld(t)
  const server = await startAnyServer(t)
  let conversations = 0

  async function told(work: () => Promise<unknown>): Promise<{
    readonly pairs: readonly Pair[]
    readonly all: readonly CapturedRecord[]
    readonly requests: AnyServer['requests']
  }> {
    const conversation_id = `c-${++conversations}`
    const earlier = server.requests.length
    await world.audit.run({ ...CONTEXT, conversation_id }, work)
    await world.audit.run({ ...CONTEXT, conversation_id: 'after' }, () => world.audit.message('Is that all?'))
    const all = await world.recorded()
    const pairs = pairsIn(all.filter((record) => record.conversation_id === conversation_id))
    return { all, pairs, requests: server.requests.slice(earlier) }
  }

  for (const [major, Client] of MAJORS) {
    const client = auditOpenAI(new Client({ apiKey: 'secret', baseURL: `${server.url}/v1` }), world.audit)

    await t.test(`${major}: a sound that becomes text, sent as a form`, async () => {
      server.next(typed('text/plain; charset=utf-8', '1\n00:00 --> 00:01\nHello.'))
      const { pairs } = await told(async () => {
        const file = new File(['RIFF'], 'visit.wav', { type: 'audio/wav' })
        const text = await client.audio.transcriptions.create({ file, model: 'whisper', response_format: 'srt' })
        assert.match(String(text), /Hello/)
      })
      const [{ invoked, outcome } = {}] = pairs
      assert.equal(invoked?.model, 'whisper')
      const { parameters } = JSON.parse(invoked?.said.request ?? '')
      assert.deepEqual(parameters, {
        model: 'whisper',
        response_format: 'srt',
        file: { name: 'visit.wav', type: 'audio/wav', size: 4, bytes: null },
      })
      assert.match(String(invoked?.details?.uncaptured), /^parameters\.file\.bytes: /)
      assert.deepEqual([outcome?.details?.ended, outcome?.said.response], ['complete', '1\n00:00 --> 00:01\nHello.'])
    })

    await t.test(`${major}: a text that becomes sound`, async () => {
      const sound = Uint8Array.from({ length: 300 }, (_, i) => i)
      server.next(typed('audio/mpeg', sound))
      const { pairs } = await told(async () => {
        const response = await client.audio.speech.create({ model: 'tts', voice: 'ash', input: 'Hello.' })
        assert.deepEqual(new Uint8Array(await response.arrayBuffer()), sound)
      })
      const [{ invoked, outcome } = {}] = pairs
      assert.equal(JSON.parse(invoked?.said.request ?? '').parameters.input, 'Hello.')
      assert.deepEqual(JSON.parse(outcome?.said.response ?? ''), { media_type: 'audio/mpeg', bytes: 300 })
    })

    await t.test(`${major}: embeddings and moderations`, async () => {
      const embedded = { object: 'list', data: [], model: 'embed', usage: { prompt_tokens: 1, total_tokens: 1 } }
      const moderated = { id: 'modr-1', model: 'omni', results: [{ flagged: false }] }
      server.next(json(embedded), json(moderated))
      const { pairs, requests } = await told(async () => {
        await client.embeddings.create({ model: 'embed', input: ['a', 'b'], encoding_format: 'float' })
        await client.moderations.create({ input: 'a' })
      })
      assert.deepEqual(
        pairs.map(({ invoked, outcome }) => [
          invoked.details?.operation,
          JSON.parse(invoked.said.request ?? '').parameters,
          JSON.parse(outcome?.said.response ?? ''),
        ]),
        [
          ['embeddings', JSON.parse(requests[0]?.body ?? ''), embedded],
          ['moderations', JSON.parse(requests[1]?.body ?? ''), moderated],
        ],
      )
    })

    await t.test(`${major}: an answer that is made in the background, and fetched`, async () => {
      const queued = { id: 'resp_1', object: 'response', status: 'queued', output: [] }
      const output = [{ type: 'message', content: [{ type: 'output_text', text: 'Well.' }] }]
      server.next(json(queued), json({ ...queued, status: 'completed', output }))
      const { pairs, requests } = await told(async () => {
        const { id } = await client.responses.create({ model: 'gpt', input: QUESTION, background: true })
        assert.equal((await client.responses.retrieve(id)).output_text, 'Well.')
      })
      assert.deepEqual(
        requests.map(({ line }) => line),
        ['POST /v1/responses', 'GET /v1/responses/resp_1'],
      )
      assert.deepEqual(
        pairs.map(({ outcome }) => [outcome?.said.answer, JSON.parse(outcome?.said.circumstances ?? '').finish_reason]),
        [
          [undefined, 'queued'],
          ['Well.', 'completed'],
        ],
      )
      assert.deepEqual(JSON.parse(pairs[1]?.invoked.said.request ?? '').parameters, { path: '/v1/responses/resp_1' })
    })

    await t.test(`${major}: what asks no model is not recorded`, async () => {
      server.next(json({ data: [] }), json({ id: 'resp_1', deleted: true }), json({ id: 'file-1' }))
      const { pairs, requests } = await told(async () => {
        await client.models.list()
        await client.responses.delete('resp_1')
        await client.files.create({ file: new File(['a'], 'a.txt'), purpose: 'assistants' })
      })
      assert.deepEqual([requests.length, pairs.length], [3, 0])
    })

    await t.test(`${major}: a request by its path alone`, async () => {
      server.next(json(ANSWER), json(ANSWER))
      const body = CHAT.body(QUESTION)
      const { pairs, all, requests } = await told(async () => {
        await client.post('/chat/completions', { body })
        await client.request({ method: 'post', path: '/chat/completions', body })
      })
      for (const [i, { invoked }] of pairs.entries()) {
        assert.deepEqual(CHAT.bodyAgain(all, invoked), JSON.parse(requests[i]?.body ?? ''))
      }
    })

    await t.test(`${major}: an answer without a body, and an empty one`, async () => {
      const empty = typed('application/json', '')
      server.next((response) => void response.writeHead(204).end(), ...(major === 'openai 7' ? [empty] : []))
      const { pairs } = await told(async () => {
        assert.equal(await CHAT.create(client, CHAT.body(QUESTION)), null)
        // For the older one, nothing is no JSON.
        if (major === 'openai 7') assert.equal(await CHAT.create(client, CHAT.body(QUESTION)), undefined)
      })
      assert.ok(pairs.every(({ outcome }) => outcome?.details?.ended === 'complete'))
    })

    await t.test(`${major}: an answer without a body that cannot be recorded`, async () => {
      const gated = gatedLedger(world.ledger)
      gated.refuse('agent_response_generated')
      const audit = createAudit({ ledger: gated.ledger })
      const other = auditOpenAI(new Client({ apiKey: 'secret', baseURL: `${server.url}/v1` }), audit)
      server.next((response) => void response.writeHead(204).end())
      const earlier = server.requests.length
      await assert.rejects(CHAT.create(other, CHAT.body(QUESTION)), { code: 'store-unavailable' })
      assert.equal(server.requests.length - earlier, 1)
    })
  }

  const client = auditOpenAI(new OpenAI({ apiKey: 'secret', baseURL: `${server.url}/v1` }), world.audit)

  await t.test('a fetch that is audited, with a request as one object, and with what asks no model', async () => {
    const audited = auditedFetch(world.audit)
    server.next(json(ANSWER), json({ data: [] }))
    const body = JSON.stringify(CHAT.body(QUESTION))
    const { pairs, all, requests } = await told(async () => {
      const request = new Request(`${server.url}/v1/chat/completions`, { method: 'POST', body })
      assert.deepEqual(await (await audited(request)).json(), ANSWER)
      assert.equal((await audited(`${server.url}/v1/models`)).status, 200)
      await assert.rejects(audited('/no/url'), TypeError)
    })
    assert.deepEqual([requests.length, pairs.length, requests[0]?.body], [2, 1, body])
    assert.deepEqual(pairs[0] && CHAT.bodyAgain(all, pairs[0].invoked), JSON.parse(body))
  })

  await t.test('bodies that no schema allows are found again as they were sent', async () => {
    const bodies: readonly object[] = [
      { model: 'gpt', messages: 'How is she?' },
      { model: 7, messages: null, tools: {} },
      { messages: [null, 'How?', 7, ['a'], { role: 'user' }, { role: 'wizard', content: {} }] },
      { messages: [], tools: [], stream: false },
      JSON.parse('{"model":"gpt","messages":[{"role":"user","content":"a","__proto__":{"x":1}}],"__proto__":{"y":2}}'),
      {
        messages: [
          { role: 'user', content: '\ud800' },
          { role: 'user', content: [{ type: 'image_url', image_url: {} }] },
        ],
      },
      { toJSON: () => ({ model: 'gpt', messages: [{ role: 'user', content: 'What is sent.' }] }) },
    ]
    for (const body of bodies) {
      server.next(json(ANSWER))
      const { pairs, all, requests } = await told(async () => CHAT.create(client, body))
      const [{ invoked } = {}] = pairs
      // Of half a character, a record holds U+FFFD, and says so.
      const sent = (requests[0]?.body ?? '').replace('\\ud800', '\ufffd')
      assert.deepEqual(invoked && CHAT.bodyAgain(all, invoked), JSON.parse(sent))
    }
    for (const body of [
      { model: 'gpt', input: 'a', instructions: null },
      { model: 'gpt', input: { a: 1 }, tools: null },
    ]) {
      server.next(json({ object: 'response', output: [] }))
      const { pairs, all, requests } = await told(async () => RESPONSES.create(client, body))
      const [{ invoked } = {}] = pairs
      assert.deepEqual(invoked && RESPONSES.bodyAgain(all, invoked), JSON.parse(requests[0]?.body ?? ''))
    }
  })

  await t.test('a body that cannot be sent is not recorded', async () => {
    const cycle: Record<string, unknown> = { model: 'gpt', messages: [] }
    cycle.self = cycle
    const { pairs, requests } = await told(() => assert.rejects(async () => CHAT.create(client, cycle), TypeError))
    assert.deepEqual([pairs.length, requests.length], [0, 0])
  })

  await t.test('functions of before there were tools', async () => {
    const function_call = { name: 'get_weather', arguments: '{"city":"Paris"}' }
    server.next(json({ ...ANSWER, choices: [{ message: { content: null, function_call } }] }))
    const functions = [{ name: 'get_weather', parameters: {} }]
    const { pairs, all, requests } = await told(async () => {
      await CHAT.create(client, { model: 'gpt', messages: [{ role: 'user', content: QUESTION }], functions })
      await world.audit.tool('get_weather', ({ city }: { city: string }) => city)({ city: 'Paris' })
    })
    const [{ invoked, outcome } = {}] = pairs
    assert.deepEqual(outcome?.details?.tools_requested, ['get_weather'])
    const ran = all.find(({ action, parent_id }) => action === 'tool_invoked' && parent_id === outcome?.id)
    assert.ok(ran !== undefined)
    assert.deepEqual(
      invoked && sentAgain(all, invoked).parameters.functions,
      JSON.parse(requests[0]?.body ?? '').functions,
    )
  })

  await t.test('several choices: the application has them all, and so has the record', async () => {
    const call = (id: string) => ({ id, type: 'function', function: { name: `tool_${id}`, arguments: '{}' } })
    const choices = ['One.', 'Two.'].map((content, index) => ({
      index,
      message: { role: 'assistant', content, tool_calls: [call(`${index}`)] },
      finish_reason: 'tool_calls',
    }))
    server.next(json({ ...ANSWER, choices }))
    const { pairs } = await told(async () => CHAT.create(client, { ...CHAT.body(QUESTION), n: 2 }))
    const [{ outcome } = {}] = pairs
    assert.equal(outcome?.said.answer, 'One.\nTwo.')
    assert.deepEqual(outcome?.details?.tools_requested, ['tool_0', 'tool_1'])
  })

  await t.test('an answer larger than a record holds reaches the application whole', { skip: SKIP_LONG }, async () => {
    const content = 'x'.repeat(9 * 1_048_576)
    server.next(json({ ...ANSWER, choices: [{ message: { content } }] }))
    const { pairs } = await told(async () => {
      assert.equal(CHAT.words(await CHAT.create(client, CHAT.body(QUESTION))).length, content.length)
    })
    const [{ outcome } = {}] = pairs
    assert.equal(outcome?.details?.characters, content.length)
    assert.match(String(outcome?.details?.uncaptured), /^response\.choices\[0\]\.message\.content: /)
  })

  await t.test('an answer that is packed', async () => {
    server.next((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      response.end(gzipSync(JSON.stringify(ANSWER)))
    })
    const { pairs } = await told(async () => {
      assert.equal(CHAT.words(await CHAT.create(client, CHAT.body(QUESTION))), 'Well.')
    })
    assert.equal(pairs[0]?.outcome?.said.answer, 'Well.')
  })

  await t.test('an answer of somebody between: a page, a way elsewhere', async () => {
    server.next(typed('text/html', '<p>Sign in</p>'), (response) => {
      response.writeHead(302, { location: '/elsewhere', 'content-type': 'text/plain' }).end('elsewhere')
    })
    const { pairs } = await told(async () => {
      assert.equal(await CHAT.create(client, CHAT.body(QUESTION)), '<p>Sign in</p>')
      const azure = new AzureOpenAI({ apiKey: 'secret', endpoint: server.url, apiVersion: '1', deployment: 'X' })
      await assert.rejects(CHAT.create(auditOpenAI(azure, world.audit), CHAT.body(QUESTION)), { status: 302 })
    })
    assert.deepEqual(
      pairs.map(({ outcome }) => [outcome?.details?.ended, outcome?.said.response]),
      [
        ['complete', '<p>Sign in</p>'],
        ['failed', 'elsewhere'],
      ],
    )
  })

  await t.test('the provider says what to try again', async () => {
    const says = (told: string) => ({
      'content-type': 'application/json',
      'x-should-retry': told,
      'retry-after-ms': '1',
    })
    server.next(
      (response) => void response.writeHead(400, says('true')).end('{}'),
      json(ANSWER),
      (response) => void response.writeHead(500, says('false')).end('{}'),
    )
    const { pairs, requests } = await told(async () => {
      await CHAT.create(client, CHAT.body(QUESTION))
      await assert.rejects(CHAT.create(client, CHAT.body(QUESTION)), { status: 500 })
    })
    assert.equal(requests.length, 3)
    assert.deepEqual(
      pairs.map(({ outcome }) => [outcome?.details?.ended, attemptsOf(outcome).length]),
      [
        ['complete', 1],
        ['failed', 0],
      ],
    )
  })

  await t.test('a body that stops half-way: the client waits no longer, and tries again', async () => {
    server.next((response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":')
    }, json(ANSWER))
    const { pairs, requests } = await told(async () => {
      const answer = await CHAT.create(client, CHAT.body(QUESTION), { timeout: 600, maxRetries: 5 })
      assert.equal(CHAT.words(answer), 'Well.')
    })
    assert.deepEqual([requests.length, pairs.length], [2, 1])
    assert.deepEqual(pairs[0]?.outcome?.details?.attempts, [{ n: 1, error: { name: 'AbortError' } }])
  })

  await t.test('a body that stops half-way, for a client that does not try again', async () => {
    server.next((response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":')
    })
    const { pairs } = await told(() =>
      assert.rejects(
        async () => CHAT.create(client, CHAT.body(QUESTION), { timeout: 300, maxRetries: 0 }),
        /timed out/,
      ),
    )
    assert.deepEqual([pairs.length, pairs[0]?.outcome?.details?.ended], [1, 'failed'])
  })

  for (const [major, Client] of MAJORS) {
    await t.test(`${major}: a key that the client asks for is no answer, and on no record`, async () => {
      const token = 'a-token-of-the-identity-provider'
      const identity = new Client({
        baseURL: `${server.url}/v1`,
        workloadIdentity: {
          clientId: 'client_1',
          identityProviderId: 'idp_1',
          serviceAccountId: 'sa_1',
          provider: { tokenType: 'jwt', getToken: async () => 'a.b.c' },
        } as never,
        fetch: async (input, init) =>
          String(input).startsWith(server.url)
            ? fetch(input, init)
            : Response.json({ access_token: token, expires_in: 3_600, token_type: 'Bearer' }),
      })
      // It is asked for once more where the provider refuses it.
      server.next(json({}, 401), json(ANSWER))
      const { pairs, all } = await told(async () => {
        assert.equal(CHAT.words(await CHAT.create(auditOpenAI(identity, world.audit), CHAT.body(QUESTION))), 'Well.')
      })
      assert.deepEqual([pairs.length, pairs[0]?.outcome?.said.answer], [1, 'Well.'])
      assert.deepEqual(attemptsOf(pairs[0]?.outcome), [{ n: 1, status: 401 }])
      assert.doesNotMatch(JSON.stringify(all), new RegExp(`${token}|secret`))
    })
  }
})
