// Telemetry over HTTP (spec/otlp.md §1): what an exporter sends is durable before it hears that it was taken.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

import { answered, serveClinic } from './served.ts'

const TRACE = '5b8efff798038103d269b633813fc60c'

/** A call of a model, as an instrumentation of the conventions of today tells it. */
function spans(more: object = {}): object {
  const at = BigInt(Date.parse('2026-11-21T09:00:00Z')) * 1_000_000n
  const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } })
  const span = {
    traceId: TRACE,
    spanId: 'eee19b7ec3c1b174',
    name: 'chat gpt-5',
    kind: 3,
    startTimeUnixNano: String(at),
    endTimeUnixNano: String(at + 1_000_000_000n),
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', 'openai'),
      text('gen_ai.request.model', 'gpt-5'),
      text('gen_ai.conversation.id', 'visit-1'),
      text(
        'gen_ai.output.messages',
        JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'Rest.' }], finish_reason: 'stop' }]),
      ),
    ],
    ...more,
  }
  return { resourceSpans: [{ scopeSpans: [{ scope: { name: 'test' }, spans: [span] }] }] }
}

const send = (body: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'Content-Type': 'application/json', ...headers },
})

describe('telemetry', () => {
  test('is on record when it is answered, once, however often an exporter sends it and in whichever packing', async () => {
    await using clinic = await serveClinic()
    const body = JSON.stringify(spans())
    const first = await clinic.ask('writer', '/v1/traces', send(body))
    assert.deepEqual([first.status, await answered(first)], [200, {}])
    const again = await clinic.ask('writer', '/v1/traces', send(gzipSync(body), { 'Content-Encoding': 'gzip' }))
    assert.equal(again.status, 200)
    const { records } = await answered(clinic.ask('auditor', 'records?conversation_id=visit-1&limit=100'))
    const actions = records.map(({ action }: { action: string }) => action)
    assert.equal(actions.filter((action: string) => action === 'model_invoked').length, 1, actions.join())
    assert.equal(actions.filter((action: string) => action === 'agent_response_generated').length, 1)
    assert.equal(
      records.every(({ assurance }: { assurance: string }) => assurance === 'observed'),
      true,
    )
  })

  test('that is none is refused in the encoding that it came in, and the server goes on', async () => {
    await using clinic = await serveClinic()
    const json = await clinic.ask('writer', '/v1/traces', send('{"resourceSpans": 1}'))
    assert.deepEqual([json.status, json.headers.get('content-type')], [400, 'application/json; charset=utf-8'])
    assert.match((await answered(json)).message, /resourceSpans/)
    const bytes = await clinic.ask(
      'writer',
      '/v1/logs',
      send(Buffer.from([0xff, 0xff]), { 'Content-Type': 'application/x-protobuf' }),
    )
    assert.deepEqual([bytes.status, bytes.headers.get('content-type')], [400, 'application/x-protobuf'])
    const [field] = new Uint8Array(await bytes.arrayBuffer())
    assert.equal(field, 0x12)
    const other = await clinic.ask('writer', '/v1/traces', send('a', { 'Content-Type': 'text/plain' }))
    assert.equal(other.status, 415)
    assert.equal((await clinic.ask('writer', '/v1/traces', send(JSON.stringify(spans())))).status, 200)
  })

  test('that unpacks to more than is taken is refused, however it is packed, and the server goes on', async () => {
    await using clinic = await serveClinic()
    const bomb = Buffer.alloc(40 * 2 ** 20, 0x20)
    const packings = { gzip: gzipSync(bomb), deflate: deflateSync(bomb), zstd: zstdCompressSync(bomb) }
    for (const [name, body] of Object.entries(packings)) {
      const answer = await clinic.ask('writer', '/v1/traces', send(body, { 'Content-Encoding': name }))
      assert.equal(answer.status, 413, name)
    }
    const twice = send(gzipSync(gzipSync(bomb)), { 'Content-Encoding': 'gzip, gzip' })
    assert.equal((await clinic.ask('writer', '/v1/traces', twice)).status, 415)
    const within = send(brotliCompressSync(JSON.stringify(spans())), { 'Content-Encoding': 'br' })
    assert.equal((await clinic.ask('writer', '/v1/traces', within)).status, 200)
  })

  test('is for who may append', async () => {
    await using clinic = await serveClinic()
    const statuses = []
    for (const role of ['reader', 'auditor', 'admin', undefined] as const) {
      statuses.push((await clinic.ask(role, '/v1/traces', send(JSON.stringify(spans())))).status)
    }
    assert.deepEqual(statuses, [403, 403, 403, 401])
  })
})
