import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { createFindings, FINDINGS, finding } from './finding.ts'
import { type Report, report, type Verdicts } from './report.ts'

const GOOD = { verdict: 'good', says: 'good' }
const AXES = { content: GOOD, order: GOOD, completeness: GOOD, signer: GOOD, time: GOOD, anchor: GOOD }

function judge(findings: Verdicts['findings'], entries: Verdicts['entries'] = 'some'): Report {
  return report({ subject: { kind: 'ledger' }, checked: 1, findings, axes: AXES, notChecked: [], entries })
}

test('nothing found: valid, every axis as hoped for, no place', () => {
  const { status, axes, broken_at, findings, findings_count } = judge(createFindings())
  assert.deepEqual(
    { status, broken_at, findings, findings_count },
    {
      status: 'valid',
      broken_at: null,
      findings: [],
      findings_count: 0,
    },
  )
  assert.deepEqual(axes, AXES)
})

test('nothing found in nothing: empty; something found in nothing: tampered', () => {
  assert.equal(judge(createFindings(), 'none').status, 'empty')
  const findings = createFindings()
  findings.add(finding('tail-cut', { seq: 0 }, 'gone'))
  assert.equal(judge(findings, 'none').status, 'tampered')
})

test('a lie that comes after thousands of gaps still makes the verdict', () => {
  const findings = createFindings()
  for (let number = 0; number < 5_000; number++)
    findings.add(finding('producer-gap', { what: 'producer p' }, `number ${number} never arrived`))
  findings.add(finding('entry-altered', { seq: 7, id: 'x' }, 'other bytes'))
  const { status, broken_at, axes, findings_count, findings: first } = judge(findings)
  assert.equal(status, 'tampered')
  assert.deepEqual(broken_at, { seq: 7, id: 'x' })
  assert.equal(axes.content.verdict, 'altered')
  assert.match(axes.completeness.says, /and 4999 more$/)
  assert.equal(findings_count, 5_001)
  assert.ok(first.length < 100, 'memory stays flat')
})

test('findings of stretches are counted once when they are joined, and each kind stays in sight', () => {
  const all = createFindings()
  for (let stretch = 0; stretch < 3; stretch++) {
    const part = createFindings()
    for (let seq = 0; seq < 100; seq++) part.add(finding('chain-broken', { seq }, 'broken'))
    part.add(finding('time-reversed', { seq: 1 }, 'reversed'))
    all.addAll(part)
  }
  assert.equal(all.counts.get('chain-broken'), 300)
  assert.equal(all.counts.get('time-reversed'), 3)
  assert.equal(all.first.filter(({ code }) => code === 'time-reversed').length, 3)
})

test('the worst comes first, then the earliest; what has no seq comes last', () => {
  const findings = createFindings()
  findings.add(finding('not-covered', { seq: 1 }, 'beyond'))
  findings.add(finding('schema-altered', { what: 'trigger' }, 'gone'))
  findings.add(finding('wrong-seq', { seq: 5 }, 'says 6'))
  findings.add(finding('entry-altered', { seq: 5 }, 'other'))
  const { findings: sorted, broken_at } = judge(findings)
  assert.deepEqual(
    sorted.map(({ code }) => code),
    ['entry-altered', 'wrong-seq', 'schema-altered', 'not-covered'],
  )
  assert.deepEqual(broken_at, { seq: 5 })
})

test('the specification lists every finding with its axis and weight, and no other', () => {
  const spec = readFileSync(new URL('../../../../spec/verification.md', import.meta.url), 'utf8')
  const section = spec.slice(spec.indexOf('## 2 Findings'), spec.indexOf('## 3 '))
  const listed = [...section.matchAll(/^\| `([a-z0-9-]+)` \| (\w+) \| (\w+) \| .+ \|$/gm)]
  assert.deepEqual(
    listed.map(([, code, axis, weight]) => [code, [axis, weight]]).sort(),
    Object.entries(FINDINGS)
      .map(([code, of]) => [code, [...of]])
      .sort(),
  )
})
