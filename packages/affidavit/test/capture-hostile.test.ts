// Values of strangers: whatever an agent's call is given, gives or throws, it is recorded, and what could not be captured is named
// (spec/capture.md §7).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { ModelEnd, ModelStep } from '../src/capture/steps.ts'
import { ASKING, type CapturedRecord, clinic, only, type Work } from './audited-work.ts'

const { begin } = clinic()

const cycle: Record<string, unknown> = { name: 'x' }
cycle.self = cycle

function deep(levels: number): unknown {
  let value: unknown = 'bottom'
  for (let i = 0; i < levels; i++) value = { value }
  return value
}

const VALUES: readonly [what: string, value: unknown, uncaptured: RegExp | undefined][] = [
  ['a cycle', cycle, /self: a cycle/],
  ['nested a thousand levels deep', deep(1_000), /deeper than 64/],
  [
    'a getter that throws',
    {
      get secret() {
        throw new Error('no')
      },
      name: 'x',
    },
    /secret: reading it threw/,
  ],
  [
    'a proxy that throws',
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    ),
    /reading it threw/,
  ],
  ['toJSON that lies', { name: 'x', toJSON: () => ({ name: 'y' }) }, /toJSON: a function/],
  [
    'toJSON that throws',
    {
      toJSON() {
        throw new Error('no')
      },
    },
    /a function/,
  ],
  ['bytes', new Uint8Array(1_000).fill(255), undefined],
  ['bytes and halves of characters', { a: Buffer.from('x'), b: '\ud800x' }, /b: halves/],
  ['no numbers', { a: Number.NaN, b: Number.POSITIVE_INFINITY, c: 2n ** 70n }, /a: not a finite/],
  ['a member named __proto__', JSON.parse('{"__proto__":{"x":1},"a":"\\u0000"}'), undefined],
  ['a function', () => 1, /a function/],
  ['a symbol', Symbol('x'), /a symbol/],
  ['a promise', Promise.resolve(1), /a promise/],
  ['a stream', new ReadableStream(), /shows none/],
  ['a thousand cycles', Array.from({ length: 1_000 }, () => cycle), /and \d+ more/],
  ['names of a hundred thousand characters', { [`${'n'.repeat(100_000)}`]: () => 1 }, /n{10}…/],
  ['nothing', undefined, undefined],
  ['null', null, undefined],
  ['halves of characters', '\udc00 and \ud800', /halves/],
]
const HUGE = 'ä'.repeat(5_000_000)

function uncapturedIn({ details }: CapturedRecord): string {
  const { uncaptured = [] } = details ?? {}
  assert.ok(Array.isArray(uncaptured) && uncaptured.length <= 33)
  return uncaptured.join('\n')
}

function isNamed(record: CapturedRecord | undefined, why: RegExp | undefined): void {
  assert.ok(record !== undefined)
  if (why === undefined) assert.equal(record.details?.uncaptured, undefined)
  else assert.match(uncapturedIn(record), why)
}

async function ask({ audit, context }: Work, asked: Partial<ModelStep>, end: Partial<ModelEnd> = {}): Promise<void> {
  await audit.run(context, async () => {
    const call = await audit.beginModelCall({ ...ASKING, ...asked })
    await call.end({ ended: 'complete', ...end })
  })
}

suite('a tool is recorded that is given, gives and throws', () => {
  for (const [what, value, why] of VALUES) {
    test(what, async (t) => {
      const work = await begin(t)
      const { audit, context } = work
      await audit.run(context, async () => {
        await audit.tool('get_chart', (_: unknown) => value)(value)
        await assert
          .rejects(
            audit.tool('get_chart', async () => {
              throw value
            })(),
          )
          .catch(() => undefined)
      })
      const records = await work.recorded()
      const [invoked] = only(records, 'tool_invoked')
      const [completed, failed] = only(records, 'tool_completed')
      isNamed(invoked, why)
      // A tool that gives a promise gives what that comes to.
      isNamed(completed, what === 'a promise' ? undefined : why)
      assert.deepEqual([completed?.outcome, failed?.outcome], ['success', 'error'])
      if (invoked?.said.arguments !== undefined && typeof value !== 'string') JSON.parse(invoked.said.arguments)
    })
  }

  test('more than 8 MiB', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, () => work.audit.tool('get_chart', (_: object) => 1)({ chart: HUGE, after: 1 }))
    const [invoked] = only(await work.recorded(), 'tool_invoked')
    isNamed(invoked, /chart: its end, behind \d+ of 5000000 characters: more than 8 MiB/)
    const { chart } = JSON.parse(invoked?.said.arguments ?? '')
    assert.ok(chart.length > 4_000_000 && HUGE.startsWith(chart))
  })
})

suite('a model is asked and answers', () => {
  for (const [what, value, why] of VALUES) {
    test(what, async (t) => {
      const work = await begin(t)
      const messages = [
        { role: 'assistant', value: 'x' },
        { role: 'user', value },
      ] as const
      const parameters = { stop: value }
      await ask(
        work,
        { messages, parameters, tools: [value], instructions: [value] },
        { response: value, error: value },
      )
      const records = await work.recorded()
      const [invoked] = only(records, 'model_invoked')
      const [answered] = only(records, 'agent_response_generated')
      isNamed(invoked, why)
      if (value !== undefined) isNamed(answered, why)
      if (why !== undefined) assert.match(uncapturedIn(invoked ?? assert.fail()), /^(messages\[1\]|parameters|… and)/m)
      assert.equal(JSON.parse(invoked?.said.request ?? '').messages.length, 2)
      JSON.parse(answered?.said.circumstances ?? '')
      assert.equal(only(records, 'prompt_changed').length, 1)
    })
  }

  test('more than 8 MiB in words', async (t) => {
    const work = await begin(t)
    await ask(work, {}, { answer: HUGE })
    const [answered] = only(await work.entries(), 'agent_response_generated')
    assert.match(JSON.stringify(answered?.details?.uncaptured), /answer: its end/)
    assert.equal(answered?.details?.characters, 5_000_000)
  })

  // Half a gigabyte of memory.
  if (process.env.AFFIDAVIT_SOAK === '1') {
    test('more than 48 MiB in many messages', async (t) => {
      const work = await begin(t)
      const messages = Array.from({ length: 8 }, () => ({ role: 'assistant', value: { content: HUGE } }) as const)
      await ask(work, { messages })
      const [invoked] = only(await work.entries(), 'model_invoked')
      assert.match(JSON.stringify(invoked?.details?.uncaptured), /messages\[\d\]: more than 48 MiB in all/)
    })
  }
})

suite('names that no label holds', () => {
  const NAMES: readonly [what: string, name: string, label: RegExp][] = [
    ['too long', 'm'.repeat(1_000), /^m{253}…$/],
    ['with control characters', 'gpt\u0000\u0007\n4', /^gpt\ufffd\ufffd 4$/],
    ['with hidden characters', 'gpt\u202e4\u200b', /^gpt\ufffd4\ufffd$/],
    ['with halves of characters', 'gpt\ud800', /^gpt\ufffd$/],
    ['not composed', 'Zoe\u0308', /^Zoe\u0308$/],
  ]
  for (const [what, name, label] of NAMES) {
    test(`${what}: of models, SDKs, operations and providers`, async (t) => {
      const work = await begin(t)
      await ask(
        work,
        { model: name, sdk: name, operation: name, recipient: name },
        {
          model: name,
          calls: [{ call_id: name, name, arguments: name }],
          provider_tools: { [name]: 2 },
          finish_reason: name,
        },
      )
      const records = await work.entries()
      const [invoked] = only(records, 'model_invoked')
      const [answered] = only(records, 'agent_response_generated')
      for (const one of [
        invoked?.model,
        invoked?.details?.sdk,
        invoked?.details?.operation,
        invoked?.details?.recipient,
      ])
        assert.match(String(one), label)
      assert.match(String(answered?.details?.model_answered), label)
      assert.deepEqual(answered?.details?.tools_requested, ['unnamed'])
      assert.deepEqual(answered?.details?.provider_tools, { unnamed: 2 })
      assert.match(only(records, 'model_changed')[0]?.model ?? '', label)
    })

    test(`${what}: of tools, calls and approvals`, async (t) => {
      const work = await begin(t)
      const { audit, context } = work
      await audit.run(context, async () => {
        const step = { sdk: name, layer: 'client', name, call_id: name, arguments: name } as const
        await (await audit.beginToolCall(step)).end({ ended: 'complete', result: name, outcome_reason: name })
        await (await audit.beginApproval({ ...step, approval_id: name, reason: name })).end({
          approved: true,
          by: 'rule',
        })
      })
      for (const { action, details } of (await work.entries()).filter(({ action }) => /tool_|approval_/.test(action))) {
        assert.deepEqual([details?.tool, details?.call_id], [undefined, undefined], action)
        assert.deepEqual(
          [details?.tool_digest, details?.call_id_digest],
          [work.ledger.digest(name), work.ledger.digest(name)],
        )
      }
    })
  }

  test('that are nobody’s are left out', async (t) => {
    const work = await begin(t)
    await ask(work, { model: '', sdk: '', recipient: '' }, { model: '', answer: '' })
    const [invoked] = only(await work.entries(), 'model_invoked')
    assert.deepEqual(
      [invoked?.model, invoked?.details?.sdk, invoked?.details?.recipient],
      [undefined, undefined, undefined],
    )
  })

  test('of recipients tell no password, and are never passed over', async (t) => {
    const told: readonly [recipient: string, expected: string][] = [
      ['https://me:secret@models.example:8443/v1?key=secret', 'https://models.example:8443'],
      ['https:/models.example/v1', 'https://models.example'],
      [' https://models.example/v1', 'https://models.example'],
      ['HTTPS:\\\\models.example', 'https://models.example'],
      ['https://models.example./v1', 'unreadable'],
      ['//me:secret@models.example', 'unreadable'],
      ['openai.chat', 'openai.chat'],
    ]
    const work = await begin(t)
    for (const [recipient] of told) await ask(work, { recipient })
    assert.deepEqual(
      only(await work.entries(), 'model_invoked').map(({ details }) => details?.recipient),
      told.map(([, expected]) => expected),
    )
  })
})

suite('what adapters tell in numbers and lists', () => {
  test('is recorded as far as it is any', async (t) => {
    const work = await begin(t)
    const strange = { input: undefined, output: Number.NaN, cached_input: 2 ** 60, reasoning: 7 } as object
    await ask(work, {}, { tokens: strange, status: undefined as never, error: { name: 'x y', code: 7 } })
    const [answered] = only(await work.recorded(), 'agent_response_generated')
    assert.deepEqual(answered?.details?.tokens, { cached_input: '1152921504606847000', reasoning: 7 })
    assert.deepEqual(answered?.details?.error, {})
    assert.equal(answered?.said.error, '{"name":"x y","code":7}')
  })

  test('is recorded however long it is', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    await audit.run(context, async () => {
      const call = await audit.beginModelCall(ASKING)
      for (let i = 0; i < 1_000; i++) call.attempt({ status: 429, error: new RangeError('x') })
      const calls = Array.from({ length: 5_000 }, (_, i) => ({
        call_id: `call_${i}`,
        name: 't'.repeat(128),
        arguments: '',
      }))
      await call.end({ ended: 'complete', calls })
    })
    const [answered] = only(await work.entries(), 'agent_response_generated')
    const { attempts, tools_requested } = answered?.details ?? {}
    assert.ok(Array.isArray(attempts) && Array.isArray(tools_requested))
    assert.deepEqual([attempts.length, attempts.at(-1)?.n], [20, 1_000])
    assert.deepEqual([tools_requested.length, tools_requested.at(-1)], [51, '… and 4950 more'])
  })
})
