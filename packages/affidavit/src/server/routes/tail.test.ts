import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { recordedBy, serveLedger } from '../../../test/served-ledger.ts'
import type { Draft } from '../../formats/fields.ts'
import { fixedClock } from '../../testing/fixed-clock.ts'

const accessed = (conversation_id: string, more: Partial<Draft> = {}): Draft => ({
  ...{ action: 'data_accessed', actor_id: 'clinic-agent', actor_type: 'agent', conversation_id },
  ...more,
})
const clock = fixedClock(Date.now() + 60_000)
const served = await serveLedger({ drafts: [accessed('c-1'), accessed('c-2'), accessed('c-1')], clock })
after(() => served[Symbol.asyncDispose]())

async function record(...drafts: readonly Draft[]): Promise<void> {
  for (const body of drafts) assert.equal((await served.as('writer')('POST records', { body })).status, 201)
}

interface Event {
  readonly id: number
  readonly record: { readonly action: string; readonly conversation_id?: string; readonly agent_name?: string }
}

interface Reading extends AsyncDisposable {
  /** The next events, and comments as `undefined`. */
  next(): Promise<Event | 'heartbeat' | 'end'>
  events(count: number): Promise<readonly Event[]>
}

async function tail(query: string, headers: object = {}, key = served.keys.reader): Promise<Reading> {
  const stop = new AbortController()
  const answer = await fetch(`${served.base}/tail${query}`, {
    headers: { authorization: `Bearer ${key}`, ...headers },
    signal: stop.signal,
  })
  assert.equal(answer.status, 200)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/)
  const pieces = (answer.body ?? assert.fail()).pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
  let text = ''
  async function next(): Promise<Event | 'heartbeat' | 'end'> {
    while (!text.includes('\n\n')) {
      const piece = await pieces.next()
      if (piece.done === true) return 'end'
      text += piece.value
    }
    const [event = '', ...rest] = text.split('\n\n')
    text = rest.join('\n\n')
    if (event === ':') return 'heartbeat'
    const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(event) ?? assert.fail(event)
    return { id: Number(id), record: JSON.parse(String(data)) }
  }
  assert.equal(await next(), 'heartbeat', 'so that whoever asks knows that it has begun')
  return {
    next,
    async events(count) {
      const found: Event[] = []
      while (found.length < count) {
        const event = await next()
        assert.notEqual(event, 'end')
        if (typeof event !== 'string') found.push(event)
      }
      return found
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await pieces.return?.().catch(() => undefined)
    },
  }
}

const said = ({ id, record: { action, conversation_id } }: Event): unknown[] => [id, action, conversation_id]

test('what comes is shown as it comes, each page on record before, and nothing about viewing', async () => {
  const size = Number((await served.as('reader')('GET health')).json().size)
  const key = await served.makeKey({ role: 'reader', actor: 'who sees all' })
  await using reading = await tail('?from_seq=1&action=data_accessed', {}, key)
  const [first] = await reading.events(3)
  assert.equal(first?.record.conversation_id, 'c-1')
  await record(accessed('c-9'))
  const [next] = await reading.events(1)
  assert.ok((next?.id ?? 0) >= size)
  const pages = await recordedBy(served, 'who sees all')
  assert.deepEqual(
    pages.map(({ action, details }) => [action, details.operation, details.results, details.query]),
    [
      ['records_viewed', 'tail', 3, { action: 'data_accessed' }],
      ['records_viewed', 'tail', 1, { action: 'data_accessed' }],
    ],
  )
})

test('whoever comes back goes on behind what was seen last', async () => {
  await using begun = await tail('?from_seq=1&conversation_id=c-1')
  const [first, second] = await begun.events(2)
  await using again = await tail('?from_seq=1&conversation_id=c-1', { 'last-event-id': String(first?.id) })
  const [next] = await again.events(1)
  assert.deepEqual(next && said(next), second && said(second))
})

test('somebody who looked and saw nothing is on record too', async () => {
  const key = await served.makeKey({ role: 'reader', actor: 'who sees nothing' })
  {
    await using reading = await tail('?conversation_id=nobody-knows', {}, key)
    await record(accessed('c-4'))
    clock.pass(15_000)
    assert.equal(await reading.next(), 'heartbeat')
  }
  const pages = await recordedBy(served, 'who sees nothing')
  assert.deepEqual(
    pages.map(({ details }) => [details.operation, details.results, details.query]),
    [['tail', 0, { conversation_id: '[in no record]' }]],
  )
})

test('a credential for certain agents sees what these do, and nothing else', async () => {
  const key = await served.makeKey({ role: 'reader', scope: { agents: ['triage'] } })
  await using reading = await tail('', {}, key)
  await record(accessed('c-5'), accessed('c-5', { agent_name: 'billing' }), accessed('c-6', { agent_name: 'triage' }))
  const [only] = await reading.events(1)
  assert.equal(only?.record.agent_name, 'triage')
})

test('a tail ends with its credential', { timeout: 20_000 }, async () => {
  const key = await served.makeKey({ role: 'reader', expires: new Date(clock.now() + 60_000).toISOString() })
  await using reading = await tail('', {}, key)
  clock.pass(60_000)
  let next = await reading.next()
  while (next === 'heartbeat') next = await reading.next()
  assert.equal(next, 'end')
})

test('an id that is no seq is refused', async () => {
  const answer = await served.as('reader')('GET tail', { headers: { 'last-event-id': 'abc' } })
  assert.deepEqual([answer.status, answer.json().path], [400, 'last-event-id'])
})

test('a tail ends where the server drains', async () => {
  const other = await serveLedger({ drafts: [accessed('c-1')] })
  const answer = await fetch(`${other.base}/tail`, { headers: { authorization: `Bearer ${other.keys.reader}` } })
  const [text] = await Promise.all([answer.text(), other[Symbol.asyncDispose]()])
  assert.match(text, /^:\n\n/)
})
