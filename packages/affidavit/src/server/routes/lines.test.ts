import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'

import Fastify, { type FastifyInstance } from 'fastify'

import { LedgerError } from '../../errors/ledger-error.ts'
import { loggerOptions } from '../log.ts'
import { answerLines } from './lines.ts'

const away = new LedgerError('archive-unavailable', { problem: 'it does not answer' })

for (const [name, thrown, code, told] of [
  ['what keeps a work from going on', away, 'archive-unavailable', 0],
  ['a bug, of which the operator is told', new TypeError('of a record: secret'), 'bug', 1],
] as const) {
  test(`the last line says how it ended: ${name}`, async (t) => {
    const log: string[] = []
    const app: FastifyInstance = Fastify({
      logger: loggerOptions((line) => log.push(line)),
      disableRequestLogging: true,
    })
    t.after(() => app.close())
    async function* steps(): AsyncGenerator<number> {
      yield 1
      throw thrown
    }
    app.get('/', (request, reply) => answerLines(request, reply, steps(), (step) => ({ step })))
    app.listen({ host: '127.0.0.1', port: 0 })
    await once(app.server, 'listening')
    const { port } = app.server.address() as AddressInfo
    const body = await (await fetch(`http://127.0.0.1:${port}`)).text()
    const bugs = log.filter((line) => line.includes('a bug of ours'))
    const [first, last] = body.trimEnd().split('\n')
    assert.equal(first, '{"step":1}')
    const { state, error } = JSON.parse(last ?? '')
    assert.deepEqual([state, error.code], ['failed', code])
    assert.equal(bugs.length, told)
    assert.doesNotMatch(body + log.join(''), /secret/)
  })
}
