// affidavit policies and affidavit retention due, as scripts rely on them.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { json, run, runDone } from './run-cli.ts'

const whole = join(import.meta.dirname, '../testdata/retention/whole.yaml')
const base = mkdtempSync(join(tmpdir(), 'affidavit-cli-due-'))
after(() => rmSync(base, { recursive: true, force: true }))

function due(...words: readonly string[]): readonly string[] {
  return ['retention', 'due', ...words, '--json']
}

describe('retention due', () => {
  for (const [policy, anchor, zone, min_until, max_until] of [
    ['hipaa', '2024-02-29', 'UTC', '2030-03-02T00:00:00.000Z', null],
    ['hipaa', '2026-11-22', 'America/New_York', '2032-11-23T05:00:00.000Z', null],
    ['soc2', '2024-08-31', 'UTC', '2026-03-02T00:00:00.000Z', null],
    ['financial', '2026-11-22', 'Asia/Kathmandu', '2033-11-22T18:15:00.000Z', null],
    ['cnil.logging', '2024-02-29', 'Europe/Paris', '2024-08-29T22:00:00.000Z', '2025-02-28T23:00:00.000Z'],
    ['glba.disposal', '2026-01-15', 'UTC', null, '2028-01-16T00:00:00.000Z'],
    ['gdpr.storage_limitation', '2026-01-15', 'UTC', null, '2026-01-16T00:00:00.000Z'],
    ['default', '2026-01-15', 'UTC', null, null],
    ['dora.logs', '2026-01-15', 'UTC', null, null],
  ] as const) {
    test(`${policy} from ${anchor} in ${zone}`, async () => {
      const answer = await runDone(due('--policy', policy, '--anchor', anchor, '--zone', zone))
      assert.deepEqual(json(answer), { min_until, max_until })
    })
  }

  for (const [what, words, told] of [
    [
      'a policy that there is not',
      ['--policy', 'hippa', '--anchor', '2026-01-01'],
      /"hippa".*affidavit policies lists/,
    ],
    ['a day that there is not', ['--policy', 'hipaa', '--anchor', '2026-02-29'], /--anchor: "2026-02-29".*YYYY-MM-DD/],
    ['a time', ['--policy', 'hipaa', '--anchor', '2026-02-28T00:00:00Z'], /--anchor/],
    ['a zone that there is not', ['--policy', 'hipaa', '--anchor', '2026-01-01', '--zone', 'Mars'], /"Mars".*IANA/],
    ['an end behind all years', ['--policy', 'hipaa', '--anchor', '9999-01-01'], /behind the year 9999/],
    ['no day', ['--policy', 'hipaa'], /--anchor/],
  ] as const) {
    test(`${what} is refused by its name, with a cure`, async () => {
      const answer = await run(due(...words))
      assert.equal(answer.code, 3)
      const { problem, cure } = Object(json(answer).error)
      assert.match(`${problem} ${cure}`, told)
    })
  }

  test('counts by one’s own set: its policies, its extensions, its zone', async () => {
    const own = json(await runDone(due('--set', whole, '--policy', 'clinic.referrals', '--anchor', '2026-01-15')))
    assert.deepEqual(own, { min_until: '2036-01-16T05:00:00.000Z', max_until: '2038-01-16T05:00:00.000Z' })
    const extended = json(await runDone(due('--set', whole, '--policy', 'hipaa', '--anchor', '2026-01-15')))
    assert.equal(extended.min_until, '2036-01-16T05:00:00.000Z')
    const elsewhere = await runDone(due('--set', whole, '--policy', 'hipaa', '--anchor', '2026-01-15', '--zone', 'UTC'))
    assert.equal(json(elsewhere).min_until, '2036-01-16T00:00:00.000Z')
  })

  test('counts by the set in the folder of a ledger', async () => {
    const folder = join(base, 'ledger')
    await runDone(['init', '--ledger', folder, '--origin', 'due.example/clinic'])
    writeFileSync(join(folder, 'retention.yaml'), 'version: 1\nrevision: r\ntime_zone: Asia/Kathmandu\n')
    const answer = json(await runDone(due('--ledger', folder, '--policy', 'hipaa', '--anchor', '2026-01-15')))
    assert.equal(answer.min_until, '2032-01-15T18:15:00.000Z')
  })

  test('a set that is none is refused with file, line, path and cure', async () => {
    const file = join(base, 'broken.yaml')
    writeFileSync(file, 'version: 1\nrevision: r\ntime_zone: Mars\n')
    const answer = await run(due('--set', file, '--policy', 'hipaa', '--anchor', '2026-01-15'))
    assert.equal(answer.code, 3)
    const { code, path, line } = Object(json(answer).error)
    assert.deepEqual([code, path, line], ['invalid-retention-set', 'time_zone', 3])
  })

  test('is said in words, with the citation and on what it rests', async () => {
    const { out } = await runDone(['retention', 'due', '--policy', 'hipaa.audit_log', '--anchor', '2026-01-15'])
    assert.match(out, /at least 6 calendar years from the creation of the record/)
    assert.match(out, /45 CFR 164\.312\(b\).*a convention, no rule/)
    assert.match(out, /kept until {6}2032-01-16T00:00:00\.000Z/)
  })
})

describe('policies', () => {
  test('all are listed, with what they rest on and whether they apply by themselves', async () => {
    const { out } = await runDone(['policies'])
    assert.match(out, /^hipaa +product +own +applies +at least 6 calendar years from the creation of the record$/m)
    assert.match(out, /^default +product +own +applies +no number: what nobody classified/m)
    assert.match(out, /^hipaa\.audit_log +convention +V +applies +at least 6 calendar years/m)
    assert.match(out, /^sox\.auditor +law +V +adopt +at least 7 calendar years from the conclusion of the audit$/m)
    const { policies, time_zone } = json(await runDone(['policies', '--json']))
    assert.ok(Array.isArray(policies) && policies.length > 40)
    assert.equal(time_zone, 'UTC')
  })

  test('one is told in full', async () => {
    const { out } = await runDone(['policies', 'sec.17a4b4'])
    assert.match(out, /source +17 CFR 240\.17a-4\(b\)\(4\) \(law; its text was seen\)/)
    assert.match(out, /at hand +2 calendar years from the creation of the record, without a restore/)
    assert.match(out, /for +records of the domain sec_17a_4 and that are agent_response_delivered or/)
    const { id, basis, minimum } = json(await runDone(['policies', 'sec.17a4b4', '--json']))
    assert.deepEqual(
      [id, basis, minimum],
      ['sec.17a4b4', 'law', { value: 3, unit: 'calendar_years', anchors: ['record_created'] }],
    )
  })

  test('an override tells who decided it, and why', async () => {
    const { out } = await runDone(['policies', 'soc2', '--set', whole])
    assert.match(out, /decided +by kim\.lee: the examination covers six months/)
  })

  test('one that there is not is refused', async () => {
    const answer = await run(['policies', 'hippa'])
    assert.equal(answer.code, 3)
    assert.match(answer.err, /"hippa"/)
  })
})
