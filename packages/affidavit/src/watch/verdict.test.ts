import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createFindings, finding } from '../verify/finding.ts'
import { type Report, report } from '../verify/report.ts'
import { fingerprintOf, verdictOf, worst } from './verdict.ts'

const AT = Date.UTC(2026, 10, 22, 12)
const says = { verdict: 'intact', says: 'intact' }
const axes = { content: says, order: says, completeness: says, signer: says, time: says, anchor: says }

function reportOf(...found: readonly ReturnType<typeof finding>[]): Report {
  const findings = createFindings()
  for (const one of found) findings.add(one)
  const subject = { kind: 'ledger', origin: 'a.example/x/0123456789abcdef', size: 7 } as const
  return report({ subject, checked: 7, findings, axes, notChecked: [], entries: 'some' })
}

const altered = finding('entry-altered', { seq: 3, id: 'an-id', what: '/a/path' }, 'a problem of a-person')
const held = finding('anchor-record-missing', { what: '/a/path' }, 'the checkpoint of size 4 is not in it')

test('a verdict has codes, counts and places, and nothing else that a report says', () => {
  const verdict = verdictOf(reportOf(altered, altered, held), 'complete', AT)
  assert.deepEqual(verdict, {
    run: 'complete',
    at: '2026-11-22T12:00:00.000Z',
    status: 'tampered',
    ledger: 'a.example/x/0123456789abcdef',
    records_checked: 7,
    as_of_seq: 6,
    findings: [{ code: 'entry-altered', count: 2, seq: 3 }],
    findings_count: 3,
  })
})

test('what was tampered with is the same finding, whatever is missing beside it now and then, and whenever it is found', () => {
  const one = fingerprintOf([verdictOf(reportOf(altered), 'complete', AT)])
  assert.equal(fingerprintOf([verdictOf(reportOf(altered, held), 'complete', AT + 1)]), one)
  assert.notEqual(fingerprintOf([verdictOf(reportOf(altered, altered), 'complete', AT)]), one)
  assert.notEqual(fingerprintOf([verdictOf(reportOf({ ...altered, seq: 4 }), 'complete', AT)]), one)
})

test('of several, the worst is told; of equals, the first', () => {
  const [valid, lacking, broken] = [reportOf(), reportOf(held), reportOf(altered)]
  assert.equal(worst(valid, [lacking, broken]), broken)
  assert.equal(worst(lacking, [valid, reportOf(held)]), lacking)
})
