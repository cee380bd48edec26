import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { disposition } from './disposition.ts'
import { judge } from './judge.ts'
import type { JudgedRecord, KnownAnchors } from './judgement.ts'
import type { Period, RetentionPolicy } from './policy.ts'
import { builtInSet, type PolicySet } from './policy-set.ts'

const builtIn = builtInSet()
const NOW = Date.parse('2026-11-22T12:00:00.000Z')

function record(over: Partial<JudgedRecord> = {}): JudgedRecord {
  return {
    action: 'data_accessed',
    timestamp: Date.parse('2020-03-01T10:00:00.000Z'),
    recorded_at: Date.parse('2020-03-01T10:00:01.000Z'),
    retention_class: 'default',
    compliance_domains: [],
    resource_type: undefined,
    has_content: false,
    ...over,
  }
}

function own(over: Partial<RetentionPolicy>): RetentionPolicy {
  return {
    id: 'own',
    title: 'own',
    regime: 'own',
    jurisdiction: '-',
    citation: '-',
    basis: 'policy',
    confidence: 'own',
    status: { state: 'in-force' },
    applies_to: [{}],
    part: 'record',
    ...over,
  }
}

function setWith(...policies: readonly RetentionPolicy[]): PolicySet {
  return { ...builtIn, policies: [...builtIn.policies, ...policies] }
}

function idsFor(one: JudgedRecord, at = NOW): readonly string[] {
  return judge(one, new Map(), builtIn, at).applied.map(({ policy }) => policy.id)
}

function becomes(
  one: JudgedRecord,
  { anchors = new Map(), set = builtIn, at = NOW, holds = [] }: Becoming = {},
): object {
  return disposition(judge(one, anchors, set, at), 'record', holds, at)
}

interface Becoming {
  readonly anchors?: KnownAnchors
  readonly set?: PolicySet
  readonly at?: number
  readonly holds?: readonly string[]
}

function years(value: number): Period {
  return { value, unit: 'calendar_years', anchors: ['record_created'] }
}

describe('a record falls under', () => {
  for (const [what, over, ids] of [
    ['the default policy alone, where nobody says what it is', {}, ['default']],
    ['the rules of its domains', { compliance_domains: ['hipaa'] }, ['hipaa', 'hipaa.audit_log']],
    [
      'rules for its kind',
      { compliance_domains: ['hipaa'], action: 'data_disclosed' },
      ['hipaa', 'hipaa.audit_log', 'hipaa.disclosure_accounting'],
    ],
    ['the preset that its class names', { retention_class: 'financial' }, ['financial']],
    ['several regimes', { compliance_domains: ['finra', 'pci_dss'] }, ['pci.audit_log', 'finra.4511']],
    [
      'communications of a broker-dealer',
      { compliance_domains: ['sec_17a_4'], action: 'user_message_received' },
      ['sec.17a4b4'],
    ],
    ['the default one, too, where no rule gives a period', { compliance_domains: ['dora'] }, ['dora.logs', 'default']],
  ] as const) {
    test(what, () => {
      assert.deepEqual(idsFor(record(over)), ids)
    })
  }

  test('a rule from the day that it is in force', () => {
    const colorado = record({ compliance_domains: ['colorado_ai'] })
    assert.deepEqual(idsFor(colorado, Date.parse('2026-12-31T23:59:59.999Z')), ['default'])
    assert.deepEqual(idsFor(colorado, Date.parse('2027-01-01T00:00:00.000Z')), ['colorado.sb26189.deployer'])
  })
})

describe('what becomes of a record', () => {
  const hipaa = record({ compliance_domains: ['hipaa'] })
  const end = Date.parse('2026-03-02T00:00:00.000Z')

  test('nobody classified it: it is kept, however old', () => {
    assert.deepEqual(becomes(record(), { at: Date.UTC(2999, 0) }), { state: 'unclassified' })
  })

  test('it is kept to the last millisecond of its last day, and due then', () => {
    assert.deepEqual(becomes(hipaa, { at: end - 1 }), { state: 'kept', until: end })
    assert.deepEqual(becomes(hipaa, { at: end }), { state: 'due', since: end })
  })

  test('it counts from when it was recorded, where that was later than it claims', () => {
    const late = record({ compliance_domains: ['hipaa'], recorded_at: Date.parse('2021-06-01T00:00:00.000Z') })
    assert.deepEqual(becomes(late), { state: 'kept', until: Date.parse('2027-06-02T00:00:00.000Z') })
  })

  test('it counts from when it claims to be of, where a clock was set back', () => {
    const ahead = record({ compliance_domains: ['hipaa'], timestamp: Date.parse('2021-06-01T00:00:00.000Z') })
    assert.deepEqual(becomes(ahead), { state: 'kept', until: Date.parse('2027-06-02T00:00:00.000Z') })
  })

  test('holds bind it once it would be due, and change no period', () => {
    assert.deepEqual(becomes(hipaa, { holds: ['one', 'two'] }), { state: 'held', holds: ['one', 'two'] })
    assert.deepEqual(becomes(hipaa, { holds: ['one'], at: end - 1 }), { state: 'kept', until: end })
  })

  test('the longest minimum of several regimes counts', () => {
    const both = record({ compliance_domains: ['hipaa', 'finra'], retention_class: 'financial' })
    assert.deepEqual(becomes(both), { state: 'kept', until: Date.parse('2027-03-02T00:00:00.000Z') })
  })

  test('it waits for an anchor that has not come, and counts from it when it comes', () => {
    const plan = record({ compliance_domains: ['medicare_advantage'] })
    const known = new Map([['audit_concluded', '2015-05-05']] as const)
    assert.deepEqual(becomes(plan, { anchors: known }), { state: 'waits', for: ['final_contract_period_end'] })
    const both = new Map([...known, ['final_contract_period_end', '2016-12-31']] as const)
    const until = Date.parse('2027-01-01T00:00:00.000Z')
    assert.deepEqual(becomes(plan, { anchors: both, at: until - 1 }), { state: 'kept', until })
    assert.deepEqual(becomes(plan, { anchors: both, at: until }), { state: 'free' })
  })

  test('an anchor that was taken back is awaited again', () => {
    const account = record({ retention_class: 'accounts' })
    const set = setWith(
      own({ minimum: { value: 1, unit: 'calendar_years', anchors: ['account_closed'] }, at_end: 'destroy' }),
    )
    const closed = new Map([['account_closed', '2024-05-05']] as const)
    assert.equal(Reflect.get(becomes(account, { set, anchors: closed }), 'state'), 'due')
    const reopened = new Map([['account_closed', 'open']] as const)
    assert.deepEqual(becomes(account, { set, anchors: reopened }), { state: 'waits', for: ['account_closed'] })
  })

  test('a maximum that ends before the minimum is a conflict, also when both have passed', () => {
    const set = setWith(own({ maximum: { value: 12, unit: 'calendar_months', anchors: ['record_created'] } }))
    for (const at of [Date.UTC(2020, 5), NOW, Date.UTC(2990, 0)]) {
      assert.deepEqual(becomes(hipaa, { set, at }), { state: 'conflict' })
    }
  })

  test('a maximum that has passed while the minimum waits is a conflict', () => {
    const plan = record({ compliance_domains: ['medicare_advantage', 'glba'] })
    const used = new Map([['last_use', '2024-11-21']] as const)
    assert.deepEqual(becomes(plan, { anchors: used, at: Date.parse('2026-11-21T23:59:59.999Z') }), {
      state: 'waits',
      for: ['final_contract_period_end', 'audit_concluded'],
    })
    assert.deepEqual(becomes(plan, { anchors: used }), { state: 'conflict' })
  })

  test('a maximum alone leaves it free, and asks for its end', () => {
    const personal = record({ compliance_domains: ['gdpr'] })
    assert.deepEqual(becomes(personal), { state: 'free' })
    const ended = new Map([['purpose_end', '2026-11-21']] as const)
    const since = Date.parse('2026-11-22T00:00:00.000Z')
    assert.deepEqual(becomes(personal, { anchors: ended }), { state: 'due', since, overdue_since: since })
    assert.deepEqual(becomes(personal, { anchors: ended, at: since - 1 }), { state: 'free' })
  })

  test('rules alone do not say that it is destroyed', () => {
    assert.deepEqual(becomes(record({ compliance_domains: ['finra'] })), { state: 'free' })
  })

  test('one policy that keeps it outweighs those that destroy it', () => {
    const set = setWith(own({ minimum: years(1), at_end: 'keep' }))
    assert.deepEqual(becomes(hipaa, { set }), { state: 'free' })
  })
})

describe('the two clocks of a record', () => {
  const card = record({ compliance_domains: ['pci_dss'], has_content: true })
  const content = own({ part: 'content', maximum: { value: 1, unit: 'days', anchors: ['record_created'] } })

  test('content may have to go while its envelope is kept', () => {
    const judgement = judge(card, new Map(), setWith(content), Date.parse('2020-04-01T00:00:00.000Z'))
    const at = Date.parse('2020-04-01T00:00:00.000Z')
    const since = Date.parse('2020-03-03T00:00:00.000Z')
    assert.deepEqual(disposition(judgement, 'content', [], at), { state: 'due', since, overdue_since: since })
    assert.deepEqual(disposition(judgement, 'record', [], at), {
      state: 'kept',
      until: Date.parse('2021-03-02T00:00:00.000Z'),
    })
  })

  test('content that no policy speaks of follows its envelope', () => {
    const { spans } = judge(card, new Map(), builtIn, NOW)
    assert.deepEqual(spans.content, spans.envelope)
    assert.equal(spans.content.minimum.state, 'until')
  })

  test('a record without content falls under no policy for content', () => {
    const { spans } = judge({ ...card, has_content: false }, new Map(), setWith(content), NOW)
    assert.equal(spans.content.maximum.state, 'none')
  })

  test('a record goes as a whole only where its content may go', () => {
    const set = setWith(own({ part: 'content', minimum: years(9) }))
    const hipaa = record({ compliance_domains: ['hipaa'], has_content: true })
    assert.deepEqual(becomes(hipaa, { set }), { state: 'kept', until: Date.parse('2029-03-02T00:00:00.000Z') })
  })
})

describe('at hand', () => {
  test('for the longest time that a policy asks for', () => {
    const one = record({ compliance_domains: ['pci_dss', 'fedramp', 'cftc'] })
    assert.deepEqual(judge(one, new Map(), builtIn, NOW).available, {
      state: 'until',
      until: Date.parse('2025-03-02T00:00:00.000Z'),
    })
  })

  test('while it waits for an anchor, as long as that is', () => {
    const adviser = record({ compliance_domains: ['advisers_act'] })
    assert.equal(judge(adviser, new Map(), builtIn, NOW).available.state, 'waits')
    const set = { ...builtIn, fiscal_year_end: '06-30' }
    assert.deepEqual(judge(adviser, new Map(), set, NOW).available, {
      state: 'until',
      until: Date.parse('2022-07-01T00:00:00.000Z'),
    })
  })

  test('for no time where nobody asks for any', () => {
    assert.deepEqual(judge(record(), new Map(), builtIn, NOW).available, { state: 'none' })
  })
})
