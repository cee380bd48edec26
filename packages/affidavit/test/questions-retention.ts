// What becomes of records, on a ledger (spec/retention.md §6).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseAccessPolicy } from '../src/access/parse.ts'
import type { Draft } from '../src/formats/fields.ts'
import { questionsOf } from '../src/query/questions.ts'
import { parseRetentionSet } from '../src/retention/parse.ts'
import type { Stories, Story } from './question-story.ts'

const access = parseAccessPolicy(
  'affidavit_access: 1\nrevision: r\npeople: { kim: { roles: [auditor] }, ana: { roles: [records_officer] }, ron: { roles: [reader] } }\n',
  'yaml',
  'access.yaml',
)
const SET = parseRetentionSet(
  `version: 1
revision: test
time_zone: America/New_York
policies:
  - id: clinic.accounts
    title: Accounts
    applies_to: [{ retention_classes: [accounts] }]
    minimum: { value: 1, unit: calendar_years, anchors: [account_closed] }
    at_end: destroy
  - id: clinic.prompts
    title: Prompts
    applies_to: [{ actions: [prompt_changed] }]
    minimum: { value: 1, unit: calendar_years, anchors: [record_created, last_in_effect] }
    at_end: destroy
`,
  'yaml',
  'retention.yaml',
)
const DAY = 86_400_000
const YEAR = 366 * DAY
const OFFICER = { actor_id: 'ana', actor_type: 'user' } as const

function anchor(parent_id: string, details: Draft['details']): Draft {
  return { ...OFFICER, action: 'retention_anchor_recorded', parent_id, details: { ...details, reason: 'a test' } }
}

export function testRetention({ newHome, open }: Pick<Stories, 'newHome' | 'open'>): void {
  async function opened(): Promise<Story & { readonly now: number }> {
    const story = await open(await newHome(), { access, retention: SET })
    const { recorded_at = '' } = (await story.ledger.at(0)) ?? {}
    return Object.assign(story, { now: Date.parse(recorded_at) })
  }

  test('a plan counts every record by what becomes of it, by policy and by month', async () => {
    await using story = await opened()
    const { ledger, ask, add, now } = story
    await add('hipaa', { action: 'data_accessed', compliance_domains: ['hipaa'] })
    await add('soc2', { action: 'tool_invoked', retention_class: 'soc2' })
    const account = await add('account', { action: 'tool_invoked', retention_class: 'accounts' })
    await add('another account', { action: 'tool_invoked', retention_class: 'accounts' })
    await ledger.append(anchor(account, { anchor: 'account_closed', day: '2001-05-31' }))
    const told: unknown[] = []
    const onProgress = (...judged: unknown[]) => told.push(judged)
    const plan = await ask.retentionPlan(SET, { at: now + 2 * YEAR, onProgress })
    assert.deepEqual(told.at(-1), [plan.records, plan.records])
    const seqs = (state: 'due' | 'kept' | 'waits'): readonly string[] => story.named(plan.states[state]?.listed ?? [])
    assert.deepEqual(seqs('due'), ['soc2', 'account'])
    assert.deepEqual(seqs('kept'), ['hipaa'])
    assert.deepEqual(seqs('waits'), ['another account'])
    const counts = Object.values(plan.states).reduce((sum, { count }) => sum + count, 0)
    assert.equal(counts, plan.records)
    assert.equal(plan.records, plan.as_of_seq + 1)
    assert.deepEqual(
      [plan.by_policy['clinic.accounts'], plan.by_policy['hipaa.audit_log'], plan.by_policy.soc2],
      [2, 1, 1],
    )
    assert.equal(plan.by_due_month['2002-05'], 1)
    assert.equal(plan.by_due_month.open, 1)
    assert.equal(
      Object.values(plan.by_due_month).reduce((sum, count) => sum + count, 0),
      plan.records,
    )
  })

  test('a plan for another instant is another plan', async () => {
    await using story = await opened()
    await story.add('soc2', { action: 'tool_invoked', retention_class: 'soc2' })
    const { states: early } = await story.ask.retentionPlan(SET, { at: story.now + YEAR })
    const { states: late } = await story.ask.retentionPlan(SET, { at: story.now + 2 * YEAR })
    assert.deepEqual([early.kept?.count, early.due], [1, undefined])
    assert.deepEqual([late.kept, late.due?.count], [undefined, 1])
  })

  test('a hold keeps what would be due, until it is released, and its record tells whose it is', async () => {
    await using story = await opened()
    const { ledger, ask, add, now } = story
    await add('one', { action: 'tool_invoked', retention_class: 'soc2', conversation_id: 'visit-7' })
    await add('other', { action: 'tool_invoked', retention_class: 'soc2' })
    await ledger
      .holding(OFFICER)
      .place({ matter: 'Doe v. Clinic', reason: 'a letter came', custodian: 'counsel', conversation_id: 'visit-7' })
    const at = now + 2 * YEAR
    const { states } = await ask.retentionPlan(SET, { at })
    assert.deepEqual(
      [story.named(states.held?.listed ?? []), story.named(states.due?.listed ?? [])],
      [['one'], ['other']],
    )
    const { disposition, holds } = await ask.retentionStory(SET, story.seqOf('one'), { at })
    assert.equal(disposition.state, 'held')
    assert.deepEqual(
      holds.map(({ matter }) => matter),
      ['Doe v. Clinic'],
    )
  })

  test('a version is kept from when it was replaced, and while it is in effect it waits', async () => {
    await using story = await opened()
    const prompt = { action: 'prompt_changed', resource_type: 'agent_prompt', resource_id: 'clinic-agent' } as const
    const first = await story.add('first', prompt)
    assert.equal((await story.ask.retentionStory(SET, first)).disposition.state, 'waits')
    await story.add('of another', { ...prompt, resource_id: 'other-agent' })
    assert.equal((await story.ask.retentionStory(SET, first)).disposition.state, 'waits')
    const second = await story.add('second', prompt)
    const told = await story.ask.retentionStory(SET, first)
    assert.equal(told.disposition.state, 'kept')
    assert.deepEqual(told.sources, [story.seqOf('second')])
    assert.equal((await story.ask.retentionStory(SET, second)).disposition.state, 'waits')
  })

  test('a record is kept as what it was reclassified to, and an anchor that was taken back is awaited', async () => {
    await using story = await opened()
    const { ledger, ask, add } = story
    const id = await add('one', { action: 'tool_invoked' })
    assert.equal((await ask.retentionStory(SET, id)).disposition.state, 'unclassified')
    await ledger.append({
      ...OFFICER,
      action: 'record_reclassified',
      parent_id: id,
      details: { reason: 'an account', data_classification: 'confidential', retention_class: 'accounts' },
    })
    const reclassified = await ask.retentionStory(SET, id)
    assert.deepEqual([reclassified.retention_class, reclassified.disposition.state], ['accounts', 'waits'])
    await ledger.append(anchor(id, { anchor: 'account_closed', day: '2001-01-01' }))
    assert.equal((await ask.retentionStory(SET, id)).disposition.state, 'due')
    await ledger.append(anchor(id, { anchor: 'account_closed', open: 'yes' }))
    assert.deepEqual((await ask.retentionStory(SET, id)).disposition, { state: 'waits', for: ['account_closed'] })
  })

  test('a record tells its policies with their citations, from when they count and until when', async () => {
    await using story = await opened()
    const id = await story.add('disclosed', {
      action: 'data_disclosed',
      compliance_domains: ['hipaa', 'glba'],
      purpose: 'treatment',
      resource_type: 'patient_record',
      details: { recipient: 'lab' },
    })
    const told = await story.ask.retentionStory(SET, id)
    assert.deepEqual(
      told.applied.map(({ id: policy, basis, citation }) => [policy, basis, citation]),
      [
        ['hipaa', 'product', 'see hipaa.documentation and hipaa.audit_log'],
        ['hipaa.audit_log', 'convention', '45 CFR 164.312(b) (no period stated) read with 164.316(b)'],
        ['hipaa.disclosure_accounting', 'law', '45 CFR 164.528; 164.530(j)'],
        ['glba.disposal', 'law', '16 CFR 314.4(c)(6)(i), (c)(8)'],
      ],
    )
    const disclosure = told.applied[2]?.minimum
    assert.ok(disclosure?.state === 'counted' && told.minimum.state === 'until')
    assert.equal(disclosure.until, told.minimum.until)
    assert.deepEqual(told.applied[3]?.maximum, {
      value: 2,
      unit: 'calendar_years',
      anchors: ['last_use'],
      state: 'waits',
      for: ['last_use'],
    })
  })

  test('who may not is told nothing, and whoever asks is on record before the answer', async () => {
    await using story = await opened()
    const id = await story.add('one', { action: 'tool_invoked' })
    await story.ask.retentionPlan(SET)
    await story.ask.retentionStory(SET, id)
    await assert.rejects(story.ask.retentionStory(SET, 99_999), { code: 'not-found' })
    const asked: unknown[] = []
    for await (const { details } of story.ledger.search({ action: 'records_viewed' })) {
      asked.push([details?.operation, details?.results])
    }
    assert.deepEqual(asked.slice(1), [
      ['retention_story', 1],
      ['retention_story', 0],
    ])
    assert.equal(Object(asked[0])[0], 'retention_plan')
    const ron = questionsOf(story.ledger.as({ actor_id: 'ron' }))
    await assert.rejects(ron.retentionPlan(SET), { code: 'not-allowed' })
    await assert.rejects(ron.retentionStory(SET, id), { code: 'not-allowed' })
  })
}
