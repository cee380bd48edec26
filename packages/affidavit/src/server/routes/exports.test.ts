import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { type Answer, type Ask, holderOf, recordedBy, serveLedger } from '../../../test/served-ledger.ts'
import type { Draft } from '../../formats/fields.ts'
import { parseVerifierKey } from '../../formats/verifier-key.ts'
import { fixedClock } from '../../testing/fixed-clock.ts'
import { verifyExport } from '../../verify/export.ts'

const drafts = Array.from(
  { length: 30 },
  (_, i): Draft => ({
    ...{ action: 'data_accessed', actor_id: 'clinic-agent', actor_type: 'agent' },
    ...{ conversation_id: `c-${i % 3}`, resource_type: 'patient_record', resource_id: `r-${i}` },
  }),
)
// Where exports are made.
const temporary = mkdtempSync(join(tmpdir(), 'affidavit-temporary-'))
process.env.TMPDIR = temporary
// Ahead of the clock of the machine, which makes the ledger.
const clock = fixedClock(Date.now() + 60_000)
const served = await serveLedger({ drafts, clock })
after(async () => {
  await served[Symbol.asyncDispose]()
  assert.deepEqual(readdirSync(temporary), [])
  rmSync(temporary, { recursive: true })
})
const auditor = served.as('auditor')

interface File {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

async function made(ask: Ask, answer: Answer): Promise<{ readonly [name: string]: unknown }> {
  assert.equal(answer.status, 202, answer.text)
  const place = answer.headers.get('location') ?? assert.fail('no Location')
  for (;;) {
    const job = (await ask(`GET ${place}`)).json()
    if (job.state !== 'running') return job
  }
}

test('an export is on record, made, and fetched whole: it verifies without the ledger', async (t) => {
  const body = { filter: {}, reason: 'subpoena 24-117', requester: 'counsel', time_zone: 'Europe/Zurich' }
  const job = await made(auditor, await auditor('POST exports', { body }))
  assert.equal(job.state, 'done', JSON.stringify(job))
  const files = job.files as readonly File[]
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-fetched-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const { path, bytes, sha256 } of files) {
    const { status, text, headers } = await auditor(`GET exports/${job.id}/files/${path}`, {
      headers: { 'accept-encoding': 'identity' },
    })
    assert.equal(status, 200)
    const found = Buffer.from(text)
    if (!path.startsWith('tile/')) {
      assert.deepEqual([found.length, createHash('sha256').update(found).digest('hex')], [bytes, sha256])
    }
    assert.match(headers.get('repr-digest') ?? '', /^sha-256=:/)
  }
  for (const { path } of files) {
    const answer = await fetch(`${served.base}/exports/${job.id}/files/${path}`, {
      headers: { authorization: `Bearer ${served.keys.auditor}` },
    })
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), Buffer.from(await answer.arrayBuffer()))
  }
  await using ledger = await served.open()
  const key = parseVerifierKey(await ledger.verifierKey())
  assert.ok(!('code' in key))
  const report = await verifyExport(folder, { trust: { kind: 'pinned', keys: [key] }, anchors: [], approvers: [] })
  assert.deepEqual([report.status, report.findings], ['valid', []])
  const [recorded] = await recordedBy(served, holderOf('auditor'))
  assert.deepEqual([recorded?.action, recorded?.details.operation], ['records_exported', 'export'])
})

test('another credential does not see an export, nor fetch or delete it', async () => {
  const job = await made(auditor, await auditor('POST exports', { body: { filter: { conversation_id: 'c-1' } } }))
  const other = served.as('privacy')
  for (const request of [
    `GET exports/${job.id}`,
    `GET exports/${job.id}/files/export.json`,
    `DELETE exports/${job.id}`,
  ])
    assert.equal((await other(request)).status, 404, request)
  assert.equal((await auditor(`GET exports/${job.id}`)).status, 200)
})

test('nothing but the files of an export is fetched by their names', async () => {
  const job = await made(auditor, await auditor('POST exports', { body: {} }))
  for (const path of ['..%2F..%2Fetc%2Fpasswd', '%2Fetc%2Fpasswd', 'export.json%00', 'tile', '', 'no-such-file'])
    assert.equal((await auditor(`GET exports/${job.id}/files/${path}`)).status, 404, path)
})

test('an export is deleted when it is asked for, and a day after it was done', async () => {
  const gone = await made(auditor, await auditor('POST exports', { body: {} }))
  assert.equal((await auditor(`DELETE exports/${gone.id}`)).status, 204)
  assert.equal((await auditor(`GET exports/${gone.id}`)).status, 404)
  const job = await made(auditor, await auditor('POST exports', { body: {} }))
  clock.pass(86_399_000)
  assert.equal((await auditor(`GET exports/${job.id}`)).status, 200)
  clock.pass(1_000)
  assert.equal((await auditor(`GET exports/${job.id}`)).status, 404)
})

test('an export that is being made is stopped where the server ends, and its folder is deleted', async () => {
  const other = await serveLedger({ drafts })
  const started = await other.as('auditor')('POST exports', { body: {} })
  assert.equal(started.status, 202)
  const exports = (): number => readdirSync(temporary).filter((name) => name.startsWith('affidavit-export-')).length
  const before = exports()
  await other[Symbol.asyncDispose]()
  assert.equal(exports(), before - 1)
})

test('an export for a period has nothing outside of it, and none is for certain agents', async () => {
  const scope = { until: '2020-01-01T00:00:00.000Z' }
  const old = served.with(await served.makeKey({ role: 'auditor', scope }))
  const job = await made(old, await old('POST exports', { body: {} }))
  const { text } = await old(`GET exports/${job.id}/files/entries.jsonl`)
  assert.doesNotMatch(text, /data_accessed/)
  const agents = served.with(await served.makeKey({ role: 'auditor', scope: { agents: ['triage'] } }))
  assert.equal((await agents('POST exports', { body: {} })).status, 403)
})

test('an export of what is in no record is refused, and that somebody asked is on record', async () => {
  const before = (await recordedBy(served, holderOf('auditor'))).length
  const { status } = await auditor('POST exports', { body: { filter: { actor_id: 'nobody' } } })
  assert.equal(status, 404)
  const [recorded] = (await recordedBy(served, holderOf('auditor'))).slice(before)
  assert.deepEqual([recorded?.action, recorded?.outcome], ['records_exported', 'failure'])
})
