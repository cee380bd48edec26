import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'

import Fastify from 'fastify'

import { cutOffUntaken } from './untaken.ts'

test('whoever takes nothing of an answer is cut off', { timeout: 20_000 }, async () => {
  const app = Fastify()
  cutOffUntaken(app, 200)
  // More than systems keep for both sides of a connection.
  app.get('/', async () => Buffer.alloc(64 * 2 ** 20))
  const listening: Promise<string> = app.listen({ host: '127.0.0.1', port: 0 })
  await listening
  const address = app.server.address()
  const connected: Promise<unknown[]> = once(app.server, 'connection')
  const client = connect(typeof address === 'object' && address !== null ? address.port : assert.fail(), '127.0.0.1')
  client.pause()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const [socket] = (await connected) as [Socket]
  await once(socket, 'close')
  client.destroy()
  await app.close()
})
