import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { QUIET } from '../../test/erasure-clinic.ts'
import type { Principal } from '../access/principal.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import { fixedClock } from '../testing/fixed-clock.ts'
import { createExportJobs, type ExportJob, type ExportJobs } from './export-jobs.ts'

const folder = mkdtempSync(join(tmpdir(), 'affidavit-export-jobs-'))
const home = join(folder, 'home')
await initLedger(home, { origin: 'clinic.example/agents' })
const ledger = await openFolder(home, { publish: QUIET })
// Where exports are made.
process.env.TMPDIR = mkdtempSync(join(folder, 'temporary-'))
const temporary = process.env.TMPDIR
after(async () => {
  await ledger.close()
  rmSync(folder, { recursive: true })
})

const principal: Principal = {
  ...{ ledger: ledger.origin, actor_id: 'kim', actor_type: 'user', roles: ['auditor'], credential_id: 'one' },
}
const start = (jobs: ExportJobs): Promise<ExportJob> =>
  jobs.start(principal, ledger, { filter: {}, requester: 'kim', timeZone: 'UTC' })

async function made(jobs: ExportJobs, { id }: ExportJob): Promise<string> {
  for (;;) {
    const job = await jobs.find(principal, id)
    if (job?.state !== 'running') return job?.state ?? 'gone'
    await new Promise((looked) => setImmediate(looked))
  }
}

test('two exports are made at once, whoever asks for more is told to wait, and the end leaves none', async () => {
  const jobs = createExportJobs(fixedClock(), (bug) => assert.fail(String(bug)))
  const started = await Promise.allSettled([start(jobs), start(jobs), start(jobs)])
  assert.deepEqual(
    started.map((one) => (one.status === 'rejected' ? one.reason.code : one.status)),
    ['fulfilled', 'fulfilled', 'rate-limited'],
  )
  await jobs.close()
  assert.deepEqual(readdirSync(temporary), [])
})

test('twenty are kept, and there is room for another where one is deleted, or its day is over', async () => {
  const clock = fixedClock()
  const jobs = createExportJobs(clock, (bug) => assert.fail(String(bug)))
  const first = await start(jobs)
  for (let kept = 1; kept < 20; kept++) assert.equal(await made(jobs, await start(jobs)), 'done')
  await made(jobs, first)
  await assert.rejects(start(jobs), { code: 'rate-limited' })
  assert.equal(await jobs.remove(principal, first.id), true)
  assert.equal(await made(jobs, await start(jobs)), 'done')
  clock.pass(86_400_000)
  await jobs.sweep()
  assert.deepEqual(readdirSync(temporary), [])
  await jobs.close()
})

test('exports of one ledger take no room from those of another', async () => {
  const place = join(folder, 'other')
  await initLedger(place, { origin: 'other.example/agents' })
  await using other = await openFolder(place, { publish: QUIET })
  const jobs = createExportJobs(fixedClock(), (bug) => assert.fail(String(bug)))
  await Promise.all([start(jobs), start(jobs)])
  await assert.rejects(start(jobs), { code: 'rate-limited' })
  const elsewhere = { ...principal, ledger: other.origin }
  await jobs.start(elsewhere, other, { filter: {}, requester: 'kim', timeZone: 'UTC' })
  await jobs.close()
})
