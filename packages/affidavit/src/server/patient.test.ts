import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'

import { fixedClock } from '../testing/fixed-clock.ts'
import { PATIENCE_MILLIS, patientStream } from './patient.ts'

const PIECE = 'x'.repeat(65_536)

test('whoever takes nothing is cut off, and no more is made for them than waits on the way', {
  timeout: 20_000,
}, async (t) => {
  const clock = fixedClock()
  let made = 0
  async function* endless(): AsyncGenerator<string> {
    for (;;) {
      made++
      yield PIECE
    }
  }
  const { promise: cutOff, resolve: wasCutOff } = Promise.withResolvers<void>()
  const server = createServer((_, answer) => {
    answer.once('close', wasCutOff)
    patientStream(endless(), clock, () => answer.destroy()).pipe(answer)
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const asked = get({ host: '127.0.0.1', port })
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.pause()
  answer.on('error', () => undefined)
  // It fills what lies between both ends, and stops: then time goes by.
  const passing = setInterval(() => clock.pass(PATIENCE_MILLIS), 50)
  await cutOff
  clearInterval(passing)
  assert.ok(made < 2_000, `${made} pieces of 64 KiB were made`)
  asked.destroy()
})

test('whoever takes what comes is not cut off, however long that takes', async () => {
  const clock = fixedClock()
  async function* pieces(): AsyncGenerator<string> {
    for (let i = 0; i < 5; i++) {
      clock.pass(PATIENCE_MILLIS)
      yield 'piece\n'
    }
  }
  let text = ''
  for await (const piece of patientStream(pieces(), clock, () => assert.fail('it was cut off'))) text += piece
  assert.equal(text, 'piece\n'.repeat(5))
})
