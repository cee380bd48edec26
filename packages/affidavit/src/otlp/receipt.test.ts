import assert from 'node:assert/strict'
import { test } from 'node:test'

import { logOf } from '../../test/otlp-items.ts'
import { newLedger } from '../../test/telemetry-stories.ts'
import { OtlpFault } from './fault.ts'
import type { ReadItem } from './read-request.ts'
import { receiptsOf } from './receipt.ts'

test('what can be kept of no request is refused before anything of it is on record', async (t) => {
  const ledger = await newLedger(t)
  const large = 'x'.repeat(34 * 2 ** 20)
  const one = (conversation: string): ReadItem => ({
    item: logOf({}),
    raw: { resource: {}, scope: {}, item: large },
    dialect: 'gen_ai',
    reading: { about: { conversation }, steps: [] },
    digest: '',
  })
  const request = { body: Buffer.alloc(1), signal: 'logs', encoding: 'protobuf' } as const
  assert.throws(
    () => receiptsOf(ledger, request, [one('a'), one('a'), one('a'), one('a'), one('b')], true),
    (error) => error instanceof OtlpFault && error.kind === 'too-large',
  )
  assert.equal(receiptsOf(ledger, request, [one('a'), one('a'), one('b')], true).length, 2)
})
