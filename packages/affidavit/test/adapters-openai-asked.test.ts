// Tools that a model of OpenAI asks for: those that the client runs, those that an application runs by hand, and those that the provider
// ran itself.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import OpenAI from 'openai'
import { ResponsesToolRunner } from 'openai/helpers/responses-tool-runner'
import { makeParseableTool } from 'openai/lib/parser'

import { auditOpenAI } from '../src/adapters/openai.ts'
import { createAudit } from '../src/capture.ts'
import { json, startAnyServer } from './any-server.ts'
import { CONTEXT, openWorld } from './captured.ts'
import { gatedLedger } from './gated-ledger.ts'
import { asks, SOME_TEXT, says } from './mock-answer.ts'
import { CHAT, RESPONSES } from './openai-ways.ts'
import { assertSent, MAJORS, openaiWorld, PARIS, QUESTION, ROME, type Told } from './openai-world.ts'
import { pairsIn } from './sent-again.ts'

const WEATHER = { name: 'get_weather', description: 'The weather.', parameters: { type: 'object', properties: {} } }
const CONVERSATION = { model: 'gpt', messages: [{ role: 'user' as const, content: QUESTION }] }
const sunny = ({ city }: { city: string }) => `sunny in ${city}`

/** Each tool that ran: who asked for it, under which id, with what, and what came of it. */
function toolsIn({ records }: Told) {
  return records
    .filter(({ action }) => action === 'tool_invoked')
    .map(({ id, parent_id, details, said }) => ({
      asked_by: parent_id,
      call_id: details?.call_id,
      arguments: said.arguments,
      result: records.find((one) => one.action === 'tool_completed' && one.parent_id === id)?.said.result,
      reported: details?.reported,
    }))
}

const RAN = [
  { call_id: PARIS.id, arguments: PARIS.arguments, result: 'sunny in Paris' },
  { call_id: ROME.id, arguments: ROME.arguments, result: 'sunny in Rome' },
]

test('tools are recorded once, whoever runs them', async (t) => {
  const world = await openaiWorld(t)
  const { provider, told, audit } = world

  for (const [major, Client] of MAJORS) {
    const client = world.client(Client)
    const tools = {
      'written by hand': { type: 'function', function: { function: sunny, parse: JSON.parse, ...WEATHER } },
      'given the text of its arguments': {
        type: 'function',
        function: { function: (text: string) => sunny(JSON.parse(text)), ...WEATHER },
      },
      'audited itself': {
        type: 'function',
        function: { function: audit.tool('get_weather', sunny), parse: JSON.parse, ...WEATHER },
      },
      'made by a helper, as of a schema': makeParseableTool<{ name: string; arguments: { city: string } }>(
        { type: 'function', function: WEATHER },
        { parser: (text) => JSON.parse(text), callback: sunny },
      ),
    }
    for (const [kind, tool] of Object.entries(tools)) {
      await t.test(`${major}: a tool that the client runs, ${kind}, twice at once`, async () => {
        provider.next(asks(PARIS, ROME), says(SOME_TEXT))
        const stream = kind === 'written by hand'
        const all = await told(async () => {
          const runner = client.chat.completions.runTools({ ...CONVERSATION, tools: [tool], stream } as never)
          assert.equal(await runner.finalContent(), SOME_TEXT)
        })
        assertSent(CHAT, all)
        const [asking, answering] = all.pairs
        assert.equal(answering?.invoked.details?.continues, asking?.invoked.id)
        assert.deepEqual(
          toolsIn(all),
          RAN.map((ran) => ({ asked_by: asking?.outcome?.id, ...ran, reported: undefined })),
        )
      })
    }

    await t.test(`${major}: two calls that ask for the same, with more than that when they run`, async () => {
      provider.next(asks(PARIS, { ...PARIS, id: 'call_2' }), says(SOME_TEXT))
      const parse = async (text: string) => ({ ...JSON.parse(text), unit: 'C' })
      const tool = { type: 'function', function: { function: sunny, parse, ...WEATHER } }
      const all = await told(async () => {
        await client.chat.completions.runTools({ ...CONVERSATION, tools: [tool] } as never).done()
      })
      assert.deepEqual(
        toolsIn(all).map(({ call_id, arguments: given }) => [call_id, given]),
        ['call_1', 'call_2'].map((id) => [id, '{"city":"Paris","unit":"C"}']),
      )
    })

    await t.test(`${major}: a tool that throws`, async () => {
      provider.next(asks(PARIS))
      const tool = {
        type: 'function',
        function: { function: () => Promise.reject(new Error('no service')), ...WEATHER },
      }
      const all = await told(async () => {
        const runner = client.chat.completions.runTools({ ...CONVERSATION, tools: [tool] } as never)
        await assert.rejects(runner.done(), /no service/)
      })
      const completed = all.records.find(({ action }) => action === 'tool_completed')
      assert.deepEqual([completed?.outcome, completed?.said.error], ['error', 'no service'])
    })

    await t.test(`${major}: tools that an application runs by hand, chat.completions`, async () => {
      provider.next(asks(PARIS, ROME), says(SOME_TEXT))
      const all = await told(async () => {
        const first = await client.chat.completions.create(CONVERSATION)
        const message = first.choices[0]?.message
        assert.ok(message !== undefined)
        const results = message.tool_calls?.map(({ id, ...call }) => {
          assert.ok('function' in call)
          return { role: 'tool' as const, tool_call_id: id, content: sunny(JSON.parse(call.function.arguments)) }
        })
        await client.chat.completions.create({
          ...CONVERSATION,
          messages: [...CONVERSATION.messages, message, ...(results ?? [])],
        })
      })
      assertSent(CHAT, all)
      const asked_by = all.pairs[0]?.outcome?.id
      assert.deepEqual(
        toolsIn(all),
        RAN.map((ran) => ({ asked_by, ...ran, reported: true })),
      )
    })

    await t.test(`${major}: tools that an application runs by hand, responses`, async () => {
      provider.next(asks(PARIS, ROME), says(SOME_TEXT))
      const all = await told(async () => {
        const { id, output } = await client.responses.create({ model: 'gpt', input: QUESTION })
        const input = output.flatMap((item) =>
          item.type === 'function_call'
            ? [
                {
                  type: 'function_call_output' as const,
                  call_id: item.call_id,
                  output: sunny(JSON.parse(item.arguments)),
                },
              ]
            : [],
        )
        await client.responses.create({ model: 'gpt', previous_response_id: id, input })
      })
      assertSent(RESPONSES, all)
      const asked_by = all.pairs[0]?.outcome?.id
      assert.deepEqual(
        toolsIn(all),
        RAN.map((ran) => ({ asked_by, ...ran, reported: true })),
      )
    })
  }
})

test('tools of the runner for responses, which is none of the client: the history tells of them', async (t) => {
  const world = await openaiWorld(t)
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
  const runner = new ResponsesToolRunner({
    functions: [
      {
        tool: { type: 'function', name: 'get_weather', parameters, strict: false },
        execute: ({ city }) => sunny({ city: String(city) }),
      },
    ],
  })
  world.provider.next(asks(PARIS, ROME), says(SOME_TEXT))
  const all = await world.told(async () => {
    const input = [{ role: 'user' as const, content: QUESTION }]
    const answer = await runner.run(world.client(OpenAI), { model: 'gpt', input }, { stream: true, eager: true })
    assert.equal(answer.output_text, SOME_TEXT)
  })
  assertSent(RESPONSES, all)
  const asked_by = all.pairs[0]?.outcome?.id
  assert.deepEqual(
    toolsIn(all),
    RAN.map((ran) => ({ asked_by, ...ran, reported: true })),
  )
})

test('a tool that cannot be recorded is not run by the client, and no model is asked any more', async (t) => {
  const world = await openaiWorld(t)
  const gated = gatedLedger(world.ledger)
  const audit = createAudit({ ledger: gated.ledger, agent_name: 'clinic' })
  const client = auditOpenAI(new OpenAI({ apiKey: 'secret', baseURL: `${world.provider.url}/v1` }), audit)
  world.provider.next(asks(PARIS))
  gated.refuse('tool_invoked')
  let ran = 0
  const tool = { type: 'function', function: { function: () => `${++ran}`, ...WEATHER } }
  await audit.run({ ...CONTEXT, conversation_id: 'refused' }, async () => {
    const runner = client.chat.completions.runTools({ ...CONVERSATION, tools: [tool] } as never)
    await assert.rejects(runner.done(), /the disk is gone/)
    gated.refuse()
    await assert.rejects(client.chat.completions.create(CONVERSATION), { code: 'run-stopped' })
  })
  assert.deepEqual([ran, world.provider.calls.length], [0, 1])
})

test('tools that the provider runs are counted, and the application is not taken for their runner', async (t) => {
  const world = await openWorld(t)
  const server = await startAnyServer(t)
  const client = auditOpenAI(new OpenAI({ apiKey: 'secret', baseURL: `${server.url}/v1` }), world.audit)
  const output = [
    { type: 'web_search_call', id: 'ws_1', status: 'completed' },
    { type: 'web_search_call', id: 'ws_2', status: 'completed' },
    { type: 'mcp_call', id: 'mcp_1', name: 'lookup', arguments: '{}', output: 'found', server_label: 'library' },
    { type: 'mcp_list_tools', id: 'mcpl_1', server_label: 'library', tools: [] },
    { type: 'shell_call', call_id: 'sh_1', action: { commands: ['ls'] }, environment: { type: 'container_reference' } },
    { type: 'shell_call', call_id: 'sh_2', action: { commands: ['ls'] }, environment: { type: 'local' } },
    { type: 'computer_call', call_id: 'cc_1', action: { type: 'screenshot' } },
    { type: 'custom_tool_call', call_id: 'ct_1', name: 'run_sql', input: 'select 1' },
    { type: 'tool_search_call', call_id: 'ts_1', execution: 'client', arguments: {} },
    { type: 'of_next_year_call', call_id: 'ny_1' },
  ]
  server.next(json({ id: 'resp_1', object: 'response', status: 'completed', model: 'gpt', output }))
  await world.audit.run(CONTEXT, () => client.responses.create({ model: 'gpt', input: QUESTION }))
  const [{ outcome } = {}] = pairsIn(await world.recorded())
  assert.deepEqual(outcome?.details?.provider_tools, { web_search_call: 2, mcp_call: 1, shell_call: 1 })
  assert.deepEqual(outcome?.details?.tools_requested, ['shell', 'computer', 'run_sql', 'tool_search', 'of_next_year'])
  assert.deepEqual(JSON.parse(outcome?.said.response ?? '').output, output)
})
