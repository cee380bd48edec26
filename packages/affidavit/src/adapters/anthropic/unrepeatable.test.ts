import assert from 'node:assert/strict'
import { test } from 'node:test'

import Anthropic from '@anthropic-ai/sdk'
import Anthropic0 from 'anthropic-0'

import { LedgerError } from '../../errors/ledger-error.ts'
import { unrepeatable } from './unrepeatable.ts'

const PROBLEM = { problem: 'the record was not committed' }

test('an error that a client would not repeat stays the same one', () => {
  for (const error of [new LedgerError('not-committed', PROBLEM), 'a text', undefined]) {
    assert.equal(unrepeatable(error), error)
  }
})

for (const [name, Client] of [
  ['anthropic 1', Anthropic],
  ['anthropic 0', Anthropic0],
] as const) {
  test(`${name}: a ledger's timeout is none of the provider, and no reason to try again`, async () => {
    for (const cause of [
      new Error('Connection terminated due to connection timeout'),
      new Error('deeper', { cause: new DOMException('aborted', 'AbortError') }),
    ]) {
      const error = new LedgerError('store-unavailable', { ...PROBLEM, cause })
      let tries = 0
      const client = new Client({
        apiKey: 'secret',
        logLevel: 'off',
        middleware: [
          async () => {
            tries++
            throw unrepeatable(error)
          },
        ],
      }) as Anthropic
      const asked = client.messages.create({ model: 'claude', max_tokens: 1, messages: [] })
      await assert.rejects(
        asked,
        (thrown) => thrown instanceof LedgerError && thrown.code === error.code && thrown.message === error.message,
      )
      assert.equal(tries, 1)
    }
  })
}
