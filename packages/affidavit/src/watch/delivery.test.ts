// Against a receiver that checks each signature by itself (test/watched.ts).

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { SECRET, startReceiver } from '../../test/watched.ts'
import { systemClock } from '../clock/clock.ts'
import { handAlarm } from '../testing/hand-alarm.ts'
import { makeAlert } from './alert.ts'
import { createDelivery } from './delivery.ts'
import { makeWatchFolders, outboxFolder } from './folder.ts'
import { openOutbox } from './outbox.ts'
import { openWebhook } from './webhook.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-delivery-'))
after(() => rmSync(home, { recursive: true, force: true }))

function alert(number: number): ReturnType<typeof makeAlert> {
  const at = '2026-11-22T12:00:00.000Z'
  const body = { type: 'watch.not_done', data: { count: 3, code: 'store-unavailable', since: at } } as const
  return makeAlert(body, { ledger: 'a.example/x/0123456789abcdef', at, state: { runs: 0, next_alert: number } })
}

test('one that is refused keeps no other from being delivered, and goes on waiting, in its place', async () => {
  makeWatchFolders(home)
  await using receiver = await startReceiver()
  receiver.answers(({ number }) => (number === 1 ? 400 : 200))
  const outbox = openOutbox(home)
  for (const number of [3, 1, 2]) await outbox.put(alert(number))
  await outbox.put(alert(1))
  const { alarm } = handAlarm()
  const webhook = openWebhook({ url: receiver.url, secret: SECRET }, { clock: systemClock, alarm })
  const delivery = createDelivery({ outbox, webhook, alarm, tell: () => undefined, fail: assert.ifError })
  const tried = await delivery.tryAll()
  assert.deepEqual(tried, { taken: 2, waiting: 1, problem: `${webhook.where} answered 400` })
  assert.deepEqual(
    receiver.received.map(({ number }) => number),
    [1, 2, 3],
  )
  assert.equal(readdirSync(outboxFolder(home)).length, 1)
  receiver.answers(() => 200)
  // Another process goes on with what waits.
  const later = createDelivery({
    outbox: openOutbox(home),
    webhook,
    alarm,
    tell: () => undefined,
    fail: assert.ifError,
  })
  assert.deepEqual(await later.tryAll(), { taken: 1, waiting: 0 })
  assert.deepEqual(readdirSync(outboxFolder(home)), [])
})
