import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import type { AuditRecord } from '../formats/fields.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { wholeBody } from '../ledger/open-content.ts'
import { parseRetentionSet } from '../retention/parse.ts'
import { builtInSet } from '../retention/policy-set.ts'
import { initLedger } from './init.ts'
import { openFolder } from './open.ts'
import { readRetention } from './retention.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-retention-'))
after(() => rmSync(root, { recursive: true, force: true }))

const QUIET = { publish: { intervalMillis: 3_600_000, heartbeatMillis: 3_600_000_000 } }
const whole = readFileSync(join(import.meta.dirname, '../../testdata/retention/whole.yaml'), 'utf8')
const whole_digest = parseRetentionSet(whole, 'yaml', 'r').digest

test('a retention set that changes is on record once, with what it overrides and the digest before', async () => {
  const folder = join(root, 'changing')
  await initLedger(folder, { origin: 'retention.example/clinic' })
  const file = join(folder, 'retention.yaml')
  const open = async (): Promise<void> => {
    await using _ = await openFolder(folder, QUIET)
  }
  await open()
  writeFileSync(file, whole)
  await open()
  await open()
  const extended = 'version: 1\nrevision: plain\n'
  writeFileSync(file, extended)
  await open()
  // Who takes the file away takes its extensions away: that is a change, too.
  rmSync(file)
  await open()
  await open()
  await using ledger = await openFolder(folder, QUIET)
  const plain_digest = parseRetentionSet(extended, 'yaml', 'r').digest
  const { digest } = builtInSet()
  const changes: unknown[] = []
  const contents: unknown[] = []
  for await (const { details, content } of ledger.search({ action: 'policy_changed' })) {
    changes.push(details)
    contents.push(content?.map(({ name, media_type }) => [name, media_type]))
  }
  assert.deepEqual(changes, [
    { policy: 'retention', revision: '2026-11', digest: whole_digest, overridden: ['soc2'] },
    { policy: 'retention', revision: 'plain', digest: plain_digest, previous_digest: whole_digest },
    { policy: 'retention', revision: 'built-in', digest, previous_digest: plain_digest },
  ])
  assert.deepEqual(contents, [[['overrides', 'application/json']], undefined, undefined])
})

test('who decided on an override, and why, is sealed with its record', async () => {
  const folder = join(root, 'sealed')
  await initLedger(folder, { origin: 'retention.example/clinic' })
  writeFileSync(join(folder, 'retention.yaml'), whole)
  const access = 'affidavit_access: 1\nrevision: r\npeople: { auditor: { roles: [privacy_officer] } }\n'
  writeFileSync(join(folder, 'access.yaml'), access)
  await using ledger = await openFolder(folder, QUIET)
  const record = await retentionChange(ledger)
  assert.doesNotMatch(JSON.stringify(record), /kim\.lee|six months/)
  const shown = await ledger.as({ actor_id: 'auditor' }).reveal({ record: record?.id ?? '' }, { reason: 'a test' })
  const content = shown[0]?.contents[0]
  assert.ok(content?.state === 'opened')
  assert.deepEqual(JSON.parse(Buffer.from(await wholeBody(content.body)).toString('utf8')), [
    {
      id: 'soc2',
      reason: 'the examination covers six months',
      decided_by: 'kim.lee',
      instead_of: {
        minimum: { value: 18, unit: 'calendar_months', anchors: ['record_created'] },
        at_end: 'destroy',
      },
    },
  ])
})

async function retentionChange(ledger: Ledger): Promise<AuditRecord | undefined> {
  for await (const record of ledger.search({ action: 'policy_changed' })) {
    if (record.details?.policy === 'retention') return record
  }
  return undefined
}

test('a ledger is kept by the set in its folder, and by the built-in one without', async () => {
  const folder = join(root, 'kept')
  await initLedger(folder, { origin: 'retention.example/clinic' })
  assert.equal(readRetention(folder), undefined)
  {
    await using ledger = await openFolder(folder, QUIET)
    assert.equal(ledger.retention.revision, 'built-in')
  }
  writeFileSync(
    join(folder, 'retention.json'),
    JSON.stringify({ version: 1, revision: 'own', time_zone: 'Asia/Kathmandu' }),
  )
  await using ledger = await openFolder(folder, QUIET)
  assert.equal(ledger.retention.calendar.zone, 'Asia/Kathmandu')
})

test('a ledger with two sets, or with one that is none, does not open', async () => {
  const folder = join(root, 'two')
  await initLedger(folder, { origin: 'retention.example/clinic' })
  writeFileSync(join(folder, 'retention.yaml'), 'version: 1\nrevison: r\n')
  await assert.rejects(openFolder(folder, QUIET), { name: 'DocumentFault', code: 'invalid-retention-set', line: 2 })
  writeFileSync(join(folder, 'retention.json'), '{}')
  await assert.rejects(openFolder(folder, QUIET), { name: 'LedgerError', code: 'invalid-query' })
})
