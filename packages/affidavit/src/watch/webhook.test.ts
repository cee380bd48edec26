// Against a receiver that checks each signature by itself (test/watched.ts).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SECRET, startReceiver, until } from '../../test/watched.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { handAlarm } from '../testing/hand-alarm.ts'
import { openWebhook } from './webhook.ts'

const clock = fixedClock(Date.UTC(2026, 10, 22, 12))
const ALERT = JSON.stringify({ type: 'watch.violation', timestamp: '2026-11-22T12:00:00.000Z', data: { number: 1 } })

describe('an alert', () => {
  test('is a POST of JSON, signed with the secret over its id, the time and every byte (Standard Webhooks)', async () => {
    await using receiver = await startReceiver()
    const webhook = openWebhook({ url: receiver.url, secret: SECRET }, { clock, alarm: handAlarm().alarm })
    assert.equal(await webhook.send('watch_1', ALERT), 'taken')
    const [received] = receiver.received
    assert.deepEqual([received?.id, received?.text], ['watch_1', ALERT])
    assert.equal(received?.headers['content-type'], 'application/json')
    assert.equal(received?.headers['webhook-timestamp'], String(clock.now() / 1000))
  })

  for (const status of [200, 202, 204]) {
    test(`is taken where the receiver answers ${status}`, async () => {
      assert.equal(await sentTo(status), 'taken')
    })
  }

  for (const status of [301, 307, 400, 401, 404, 410, 429, 500, 503]) {
    test(`is not taken where the receiver answers ${status}; nobody else is asked`, async () => {
      const answer = await sentTo(status)
      assert.ok(typeof answer === 'object' && answer.problem.endsWith(` answered ${status}`))
      assert.doesNotMatch(answer.problem, /token/)
    })
  }

  test('is not taken where nobody answers in time, or nobody is there; what is said shows no more than the host', async () => {
    const receiver = await startReceiver()
    receiver.answers(() => 'silence')
    const { alarm, ring } = handAlarm()
    const webhook = openWebhook({ url: receiver.url, secret: SECRET }, { clock, alarm })
    const sending = webhook.send('watch_1', ALERT)
    await until(() => receiver.received.length === 1)
    ring()
    assert.deepEqual(await sending, { problem: `${webhook.where} did not answer within 10 s` })
    await receiver[Symbol.asyncDispose]()
    assert.deepEqual(await webhook.send('watch_1', ALERT), {
      problem: `${webhook.where} cannot be reached (ECONNREFUSED)`,
    })
  })
})

async function sentTo(status: number): Promise<'taken' | { readonly problem: string }> {
  await using receiver = await startReceiver()
  receiver.answers(() => status)
  const webhook = openWebhook({ url: receiver.url, secret: SECRET }, { clock, alarm: handAlarm().alarm })
  const answer = await webhook.send('watch_1', ALERT)
  assert.equal(receiver.received.length, 1)
  return answer
}

const REFUSED: readonly [name: string, url: string, secret: string][] = [
  ['no URL', 'alerts.example', SECRET],
  ['another protocol', 'ftp://alerts.example/', SECRET],
  ['a file', 'file:///etc/passwd', SECRET],
  ['another machine without encryption', 'http://alerts.example/', SECRET],
  ['a name that begins like this machine', 'http://localhost.example/', SECRET],
  ['a password', 'https://me:pw-in-url@alerts.example/', SECRET],
  ['a secret without its prefix', 'https://alerts.example/', SECRET.slice(6)],
  ['a short secret', 'https://alerts.example/', `whsec_${Buffer.alloc(23).toString('base64')}`],
  ['a long secret', 'https://alerts.example/', `whsec_${Buffer.alloc(65).toString('base64')}`],
  ['a secret that is no base64', 'https://alerts.example/', 'whsec_not base64, and longer than that'],
]

for (const [name, url, secret] of REFUSED) {
  test(`refused before anything is sent, and not shown: ${name}`, () => {
    assert.throws(
      () => openWebhook({ url, secret }, { clock, alarm: handAlarm().alarm }),
      (error) => {
        assert.ok(error instanceof LedgerError && error.code === 'invalid-query')
        assert.doesNotMatch(`${error.message} ${error.cure}`, /pw-in-url|BwcHBw|not base64/)
        return true
      },
    )
  })
}
