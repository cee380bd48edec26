// What the watchdog puts on record (spec/capture.md §8).

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'

import { CONTEXT, openWorld } from './captured.ts'

test('a request that no adapter makes is on record with where it went, and without its query', async (t) => {
  const server = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const { audit, recorded } = await openWorld(t)
  using _watch = audit.watch([host])
  await audit.run(CONTEXT, async () => {
    await (await fetch(`http://${host}/v1/chat?key=secret`, { method: 'POST', body: '{}' })).text()
  })
  await audit.close()
  const told = (await recorded()).filter(({ action }) => action === 'model_invoked')
  assert.deepEqual(
    told.map(({ assurance, details }) => [assurance, details]),
    [['observed', { unaudited: true, recipient: host, method: 'POST', path: '/v1/chat' }]],
  )
})

test('a host that is none is refused: nothing would be seen of it', async (t) => {
  const { audit } = await openWorld(t)
  for (const host of ['https://llm.example.com', 'llm.example.com/v1', '', ' ']) {
    assert.throws(() => audit.watch(['llm.example.com', host]), { code: 'invalid-query', path: 'hosts[1]' }, host)
  }
  audit.watch(['*.example.com', '127.0.0.1:8080', '[::1]:8080', 'bedrock.*.example.com']).stop()
})
