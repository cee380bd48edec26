// affidavit retention plan and explain, as people and scripts see them.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { errorCode, json, type Run, run, runDone } from './run-cli.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-retention-'))
const ledger = join(base, 'ledger')
after(() => rmSync(base, { recursive: true, force: true }))

const id = (n: number): string => `0193f5a2-7c00-7abc-8def-${String(n).padStart(12, '0')}`
const AGENT = { actor_id: 'clinic-agent', actor_type: 'agent' }

before(async () => {
  await runDone(['init', '--ledger', ledger, '--origin', 'retention.example/clinic'])
  writeFileSync(
    join(ledger, 'retention.yaml'),
    'version: 1\nrevision: 2026-11\ntime_zone: America/New_York\nextend: [{ policy: hipaa, minimum: { value: 10, unit: calendar_years, anchors: [record_created] } }]\n',
  )
  const drafts = [
    { ...AGENT, id: id(1), action: 'data_accessed', compliance_domains: ['hipaa'], resource_type: 'patient_record' },
    { ...AGENT, id: id(2), action: 'tool_invoked' },
    { ...AGENT, id: id(3), action: 'tool_invoked', compliance_domains: ['medicare_advantage'] },
  ]
  await runDone(['append', '--ledger', ledger], drafts.map((draft) => `${JSON.stringify(draft)}\n`).join(''))
})

function plan(...words: readonly string[]): Promise<Run> {
  return run(['retention', 'plan', '--ledger', ledger, ...words])
}

function explain(...words: readonly string[]): Promise<Run> {
  return run(['retention', 'explain', '--ledger', ledger, ...words])
}

test('a plan says in words what becomes of records, with examples', async () => {
  const { out, err, code } = await plan()
  assert.equal(code, 0, err)
  assert.match(out, /1 record: waits for what its minimum is counted from\n.*0193f5a2-7c00-7abc-8def-000000000003/)
  assert.match(out, /waits for the end of the last contract period and the conclusion of the audit/)
  assert.match(out, /1 record: kept by a minimum\n.*000000000001.*hipaa, hipaa\.audit_log/)
  assert.match(out, /By policy\n(.*\n)* {2}hipaa\.audit_log +1\n/)
  assert.match(err, /revision 2026-11, days of America\/New_York/)
})

test('a plan at a day to come is as JSON, judged at the beginning of that day in the zone of the set', async () => {
  const { at, states } = json(await plan('--at', '2099-07-01', '--json'))
  assert.equal(at, '2099-07-01T04:00:00.000Z')
  assert.equal(Object(states).due.count, 1)
  assert.equal(Object(states).due.listed[0].id, id(1))
})

test('a day that there is not is refused', async () => {
  for (const at of ['2026-02-30', 'tomorrow', '2026-02-30T00:00:00Z']) {
    const answer = await plan('--at', at, '--json')
    assert.deepEqual([answer.code, errorCode(answer)], [3, 'invalid-query'])
  }
})

test('a record tells its story with citations', async () => {
  const { out } = await explain(id(1))
  assert.match(out, /^data_accessed 0193f5a2-7c00-7abc-8def-000000000001 \(seq \d+\)\n/)
  assert.match(out, /kept by a minimum: until \d{4}-\d\d-\d\dT0[45]:00:00\.000Z/)
  assert.match(out, /may be destroyed +from \d{4}-.*\n.*has to be destroyed +no policy says when\n/)
  assert.match(out, /hipaa\.audit_log: .*\n {4}45 CFR 164\.312\(b\).*a convention, no rule/)
  assert.match(out, /extended to 10 calendar years from the creation of the record, \d{4}-\d\d-\d\d: until/)
})

test('a record tells its story as JSON', async () => {
  const story = json(await explain(id(1), '--json'))
  const { disposition, applied, holds, minimum } = story
  assert.deepEqual([Object(disposition).state, holds, story.id], ['kept', [], id(1)])
  assert.deepEqual(Object(disposition).until, Object(minimum).until)
  assert.ok(Array.isArray(applied))
  assert.deepEqual(
    applied.map((policy) => policy.id),
    ['hipaa', 'hipaa.audit_log'],
  )
})

test('what nobody classified is kept, and says so', async () => {
  const { out } = await explain(id(2))
  assert.match(out, /kept, since nobody has said what it is/)
  assert.match(out, /default: Kept until somebody says what it is/)
})

test('a record that there is not is refused', async () => {
  const answer = await explain(id(9), '--json')
  assert.deepEqual([answer.code, errorCode(answer)], [3, 'not-found'])
})
