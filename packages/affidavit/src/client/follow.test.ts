import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { getEventListeners, once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'

import { backgroundAlarm } from '../clock/alarm.ts'
import { createExchange } from './exchange.ts'
import { follow } from './follow.ts'

async function followed(t: TestContext, answering: RequestListener, signal: AbortSignal): Promise<void> {
  const server = createServer((request, response) => {
    response.setHeader('x-request-id', String(request.headers['x-request-id']))
    response.on('error', () => undefined)
    answering(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : assert.fail()}`
  const exchange = createExchange({ base, token: 'a', random: randomBytes })
  t.after(() => {
    exchange.close()
    server.close()
    server.closeAllConnections()
  })
  const alarm: typeof backgroundAlarm = (_, ring) => backgroundAlarm(0, ring)
  const parts = { exchange, path: '/v1/ledgers/a', origin: 'a/1', alarm, headers: {}, patienceMillis: 60_000 }
  await follow(parts, 0, () => assert.fail('no record came'), signal)
}

const endlessly = (type: string, status: number, piece: string): RequestListener => {
  return (_, response) => {
    response.writeHead(status, { 'content-type': type })
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
      response.once('drain', more)
    }
    more()
  }
}

for (const [name, status, type] of [
  ['an event without end', 200, 'text/event-stream'],
  ['an answer without end', 500, 'application/problem+json'],
] as const) {
  test(`${name} is read no further than a record is long`, { timeout: 20_000 }, async (t) => {
    const answering = endlessly(type, status, 'data: a'.repeat(10_000))
    const said = new RegExp(name)
    await assert.rejects(followed(t, answering, new AbortController().signal), (error: Error) =>
      said.test(error.message),
    )
  })
}

test('a server that goes away again and again leaves nothing behind', { timeout: 20_000 }, async (t) => {
  const stop = new AbortController()
  let asked = 0
  const answering: RequestListener = (_, response) => {
    if (++asked === 50) {
      assert.ok(getEventListeners(stop.signal, 'abort').length < 10)
      stop.abort()
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(':\n\n')
  }
  await followed(t, answering, stop.signal)
  assert.equal(asked, 50)
})
