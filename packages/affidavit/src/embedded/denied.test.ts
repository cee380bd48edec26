import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import type { Principal } from '../access/principal.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { handAlarm } from '../testing/hand-alarm.ts'
import { createUnknownDenials, recordDenied } from './denied.ts'
import { initLedger } from './init.ts'
import { openFolder } from './open.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-denied-'))
const home = join(root, 'clinic')
await initLedger(home, { origin: 'denied.example/agents' })
const ledger = await openFolder(home, { publish: { intervalMillis: 3_600_000, heartbeatMillis: 3_600_000_000 } })
after(async () => {
  await ledger.close()
  rmSync(root, { recursive: true, force: true })
})

function timeOfOurs() {
  const [clock, { alarm, waiting, ring }] = [fixedClock(), handAlarm()]
  return { parts: { clock, alarm }, pass: clock.pass, waiting, ring }
}

async function denials(actor_id: string): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for await (const { details } of ledger.search({ action: 'access_denied', actor_id })) found.push(details)
  return found
}

const KIM: Principal = {
  ledger: ledger.origin,
  actor_id: 'kim',
  actor_type: 'user',
  roles: ['reader'],
  credential_id: '0123456789ab',
}

test('what somebody was refused is on record with who, what and how', async () => {
  await recordDenied(ledger, KIM, { operation: 'reveal', status: 403 })
  await recordDenied(ledger, KIM, { operation: 'show', status: 404 })
  assert.deepEqual(await denials('kim'), [
    { operation: 'reveal', status: 403, credential_id: '0123456789ab' },
    { operation: 'show', status: 404, credential_id: '0123456789ab' },
  ])
})

test('credentials that are none leave one record a minute, with how many there were', async () => {
  const before = (await denials('unknown')).length
  const time = timeOfOurs()
  const unknown = createUnknownDenials(ledger, time.parts)
  await unknown.count()
  for (let i = 0; i < 41; i++) await unknown.count()
  time.pass(59_999)
  await unknown.count()
  assert.deepEqual(time.waiting(), [60_000])
  assert.deepEqual((await denials('unknown')).slice(before), [{ operation: 'sign_in', status: 401, attempts: 1 }])
  time.pass(1)
  time.ring()
  await unknown.close()
  time.pass(3_600_000)
  await unknown.count()
  await unknown.close()
  const attempts = (await denials('unknown')).slice(before).map((one) => (one as { attempts: number }).attempts)
  assert.deepEqual(attempts, [1, 42, 1])
  assert.deepEqual(time.waiting(), [])
})

test('what is counted when a server ends is on record', async () => {
  const before = (await denials('unknown')).length
  const time = timeOfOurs()
  const unknown = createUnknownDenials(ledger, time.parts)
  await Promise.all([unknown.count(), unknown.count(), unknown.count()])
  await unknown.close()
  const attempts = (await denials('unknown')).slice(before).map((one) => (one as { attempts: number }).attempts)
  assert.deepEqual(attempts, [1, 2])
  assert.deepEqual(time.waiting(), [])
})

test('attempts that could not be recorded count in the next record', async () => {
  const time = timeOfOurs()
  const put: unknown[] = []
  let isFull = true
  const archival: typeof ledger.archival = {
    ...ledger.archival,
    async record(draft) {
      if (isFull) throw new Error('the disk is full')
      put.push(draft.details?.attempts)
      return ledger.archival.record(draft)
    },
  }
  const unknown = createUnknownDenials({ archival }, time.parts)
  await assert.rejects(unknown.count(), /full/)
  await unknown.count()
  time.pass(60_000)
  isFull = false
  await unknown.close()
  assert.deepEqual(put, [2])
})
