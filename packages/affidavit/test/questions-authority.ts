// Grants and versions, on a ledger (spec/authority.md §2, §3, §4).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseRegistry } from '../src/registry/parse.ts'
import { CHART, GRANT, LEE, period, READ_FOR_A_DAY, type Stories, told } from './question-story.ts'

export function testAuthority({ newHome, open, newStory }: Stories): void {
  test('who approved which access is told with the accesses under each grant, and those without stand out', async () => {
    await using story = await newStory()
    const { add } = story
    await add('ended', { ...GRANT, grant_id: 'G-0', details: { access: ['read'], ...period(2, -4) } })
    await add('grant', { ...GRANT, grant_id: 'G-1', details: READ_FOR_A_DAY })
    await add('of P-2', { ...GRANT, resource_id: 'P-2', details: { access: ['write'], ...period(24, 12) } })
    await add('letters', { ...GRANT, resource_type: 'letter', grant_id: 'G-3', details: READ_FOR_A_DAY })
    await add('own', { ...GRANT, actor_id: 'clinic-agent', assurance: 'imported', details: READ_FOR_A_DAY })
    await add('read', { action: 'data_accessed', ...CHART })
    await add('read too', { action: 'data_accessed', ...CHART, resource_id: 'P-2', grant_id: 'G-9' })
    await add('written', { action: 'data_modified', ...CHART })
    await add('by others', { action: 'data_accessed', ...CHART, agent_name: 'other-agent' })
    await add('revoked', { action: 'access_revoked', ...LEE, grant_id: 'G-1', outcome_reason: 'left the clinic' })
    await add('revoked twice', { action: 'access_revoked', ...LEE, grant_id: 'G-7', outcome_reason: 'mistaken' })
    await add('read later', { action: 'data_accessed', ...CHART })
    const all = await story.ask.grants()
    assert.deepEqual(
      all.grants.map((grant) => [...story.named([grant]), grant.state, grant.accesses]),
      [
        ['ended', 'expired', 0],
        ['grant', 'revoked', 2],
        ['of P-2', 'not-begun', 0],
        ['letters', 'active', 0],
      ],
    )
    assert.deepEqual([story.named(all.ignored), story.named(all.covered.listed)], [['own', 'revoked twice'], ['read']])
    assert.deepEqual(
      all.findings.listed.map((found) => [...story.named([found]), told(found.authority)]),
      [
        ['read too', 'under G-1, claims-other-grant'],
        ['written', 'outside-scope'],
        ['by others', 'no-grant'],
        ['read later', 'after-revocation'],
      ],
    )
    const ofOne = await story.ask.grants({
      resource_type: 'patient_record',
      resource_id: 'P-1',
      agent_name: 'clinic-agent',
    })
    assert.deepEqual(story.named(ofOne.grants), ['ended', 'grant'])
    assert.deepEqual(story.named([...ofOne.covered.listed, ...ofOne.findings.listed]), [
      'read',
      'written',
      'read later',
    ])
    const few = await story.ask.grants({ limit: 1, show: 'findings' })
    assert.deepEqual([few.grants, few.covered.count, few.covered.listed], [[], 1, []])
    assert.deepEqual([few.findings.count, story.named(few.findings.listed)], [4, ['read too']])
  })

  test('a call without an outcome may have happened, whatever was recorded first', async () => {
    await using story = await newStory()
    const { add } = story
    const early = '0193f5a2-7c00-7abc-8def-000000000009'
    await add('outcome', { action: 'tool_completed', parent_id: early })
    await add('early', { action: 'tool_invoked', id: early, ...CHART })
    const call = await add('call', { action: 'tool_invoked', ...CHART })
    await add('done', { action: 'data_accessed', ...CHART, resource_id: 'P-2', parent_id: call })
    await add('open', { action: 'tool_invoked', ...CHART, details: { access: 'write' } })
    await add('harmless', { action: 'tool_invoked' })
    const { findings } = await story.ask.grants({ resource_type: 'patient_record', resource_id: 'P-1' })
    assert.deepEqual(
      findings.listed.map((one) => [...story.named([one]), one.access, one.may_have_happened]),
      [['open', 'write', true]],
    )
    const { unfinished } = await story.ask.gaps()
    assert.deepEqual(story.named(unfinished.listed), ['open', 'harmless'])
    const { steps } = await story.ask.lineage(story.seqOf('open'))
    assert.deepEqual(
      steps.map(({ may_have_happened }) => may_have_happened),
      [true],
    )
  })

  test('an id that stands as itself and as a token is one', async () => {
    const home = await newHome()
    const changed =
      'version: 1\nrevision: r\npersonal_ids: { actor_types: [user], on_behalf_of: false, impersonal_resource_types: [patient_record] }\n'
    const registry = parseRegistry(changed, 'yaml', 'r.yaml')
    const own = { ...GRANT, actor_id: 'nurse-7', on_behalf_of: 'nurse-7', assurance: 'imported' } as const
    const narrow = { ...GRANT, resource_id: 'P-1', on_behalf_of: 'nurse-7', details: READ_FOR_A_DAY }
    {
      await using before = await open(home, { registry })
      await before.add('itself', { ...narrow, grant_id: 'G-1' })
      await before.add('own', { ...own, details: READ_FOR_A_DAY })
    }
    await using story = await open(home)
    await story.add('read', { action: 'data_accessed', ...CHART })
    const { covered, ignored, grants } = await story.ask.grants({ resource_id: 'P-1' })
    assert.deepEqual(
      covered.listed.map(({ authority }) => told(authority)),
      ['under G-1'],
    )
    assert.deepEqual([grants.length, ignored.length], [1, 1])
  })

  test('what a disclosure lacks is told', async () => {
    await using story = await newStory()
    const { add } = story
    await add('grant', { ...GRANT, details: { access: ['disclose'], ...period(24) } })
    const whole = { recipient: 'dr-who', legal_basis: '45 CFR 164.512(b)' }
    const description = [{ name: 'description', media_type: 'text/plain', body: 'Lab results of March' }]
    const letter = { action: 'data_disclosed', ...CHART } as const
    await add('whole', { ...letter, purpose: 'public health', details: whole, content: description })
    await add('bare', letter)
    const { covered, findings } = await story.ask.grants()
    assert.deepEqual([story.named(covered.listed), story.named(findings.listed)], [['whole'], ['bare']])
    assert.deepEqual(findings.listed[0]?.lacks, ['recipient', 'description', 'purpose', 'legal_basis'])
  })

  test('a rollback is three runs, announced or not, and answers under what nobody approved are findings', async () => {
    await using story = await newStory()
    const { add } = story
    const prompt = { resource_type: 'agent_prompt', resource_id: 'clinic-agent' } as const
    const change = { action: 'prompt_changed', actor_id: 'ira', actor_type: 'user', ...prompt } as const
    const approval = { action: 'approval_decided', outcome: 'success', ...LEE, ...prompt } as const
    const answer = { action: 'agent_response_generated', model: 'm-1' } as const
    await add('to A', { ...change, prompt_version: 'A', details: { changed_by: 'known' } })
    await add('approved A', { ...approval, prompt_version: 'A' })
    await add('a1', { ...answer, prompt_version: 'A' })
    await add('a2', { ...answer, prompt_version: 'A' })
    await add('of another', { ...answer, prompt_version: 'A', agent_name: 'other-agent' })
    await add('to B', { ...change, prompt_version: 'B', details: { changed_by: 'unknown', previous_version: 'A' } })
    await add('b1', { ...answer, prompt_version: 'B' })
    await add('to m-2', {
      action: 'model_changed',
      ...LEE,
      resource_type: 'agent_model',
      resource_id: 'clinic-agent',
      model: 'm-2',
    })
    await add('a3', { ...answer, prompt_version: 'A' })
    await add('a4', { ...answer, prompt_version: 'A', model: 'm-2' })
    const { prompts, models, runs, findings } = await story.ask.versions({ agent_name: 'clinic-agent' })
    assert.deepEqual(
      runs.listed.map(({ prompt_version, model, first, last, answers }) => {
        return [prompt_version, model, ...story.named([first, last]), answers]
      }),
      [
        ['A', 'm-1', 'a1', 'a2', 2],
        ['B', 'm-1', 'b1', 'b1', 1],
        ['A', 'm-1', 'a3', 'a3', 1],
        ['A', 'm-2', 'a4', 'a4', 1],
      ],
    )
    assert.deepEqual(
      prompts.map(({ version, changes, decisions, answers }) => [
        version,
        ...story.named([...changes, ...decisions]),
        answers,
      ]),
      [
        ['A', 'to A', 'approved A', 4],
        ['B', 'to B', 1],
      ],
    )
    assert.deepEqual(
      prompts.map(({ changes }) => changes.map(({ changed_by, previous }) => [changed_by, previous])),
      [[['known', undefined]], [['unknown', 'A']]],
    )
    assert.deepEqual(
      models.map(({ version, changes, answers }) => [version, changes.length, answers]),
      [
        ['m-1', 0, 4],
        ['m-2', 1, 1],
      ],
    )
    assert.deepEqual(
      findings.listed.map((one) => [...story.named([one]), one.why]),
      [['b1', 'not-approved']],
    )
  })
}
