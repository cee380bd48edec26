import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'

import { serveLedger } from '../../test/served-ledger.ts'

test('what is answered while the server drains holds it up no longer, though its connection is kept open', async () => {
  const served = await serveLedger()
  const agent = new Agent({ keepAlive: true })
  const body = JSON.stringify({ action: 'data_accessed', actor_id: 'clinic-agent', actor_type: 'agent' })
  const asked = request(`${served.base}/records`, {
    ...{ method: 'POST', agent },
    headers: {
      ...{ authorization: `Bearer ${served.keys.writer}`, 'content-type': 'application/json' },
      ...{ 'content-length': String(body.length), expect: '100-continue' },
    },
  })
  asked.flushHeaders()
  // The server has taken it.
  await once(asked, 'continue')
  // It fails where somebody is cut off.
  const drained = served[Symbol.asyncDispose]()
  asked.end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  assert.equal(answer.statusCode, 201)
  await drained
  agent.destroy()
})

test('a connection on which nothing was ever asked holds up no end', async () => {
  const served = await serveLedger()
  const { hostname, port } = new URL(served.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.resume()
  // It fails where somebody is cut off.
  await Promise.all([once(socket, 'close'), served[Symbol.asyncDispose]()])
})
