// The lineage of a record, on a ledger (spec/authority.md §5).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LedgerError } from '../src/errors/ledger-error.ts'
import { questionsOf } from '../src/query/questions.ts'
import { CHART, GRANT, LEE, READ_FOR_A_DAY, type Stories, type Story, second, told } from './question-story.ts'

export function testLineage({ newStory }: Pick<Stories, 'newStory'>): void {
  const BEFORE_ANSWER = [
    'question',
    'model',
    'wish',
    'call',
    'inner',
    'inner answer',
    'done',
    'chart',
    'letter',
    'denied',
  ]

  test('the lineage of an answer is the question, what was done for it, and nothing else', async () => {
    await using story = await newStory()
    await turn(story)
    const found = await story.ask.lineage(story.seqOf('answer'))
    assert.equal(found.question_seq, story.seqOf('question'))
    assert.deepEqual(story.namesOf(found.steps), [...BEFORE_ANSWER, 'request', 'decision', 'again', 'answer', 'late'])
    const afterwards = found.steps.filter(({ recorded_afterwards }) => recorded_afterwards === true)
    assert.deepEqual(story.namesOf(afterwards), ['late'])
    const judged = found.steps.flatMap(({ authority, lacks }) =>
      authority === undefined ? [] : [[told(authority), lacks]],
    )
    assert.deepEqual(judged, [
      ['under G-1', undefined],
      ['outside-scope', ['description', 'purpose', 'legal_basis']],
      ['under G-1', undefined],
    ])
    const next = await story.ask.lineage(story.seqOf('next answer'))
    assert.deepEqual(story.namesOf(next.steps), ['next question', 'next answer'])
  })

  test('what was done beside the turn, in the same conversation, is told apart', async () => {
    await using story = await newStory()
    await turn(story)
    const { beside } = await story.ask.lineage(story.seqOf('answer'))
    assert.deepEqual(story.namesOf(beside), ['else'])
    assert.deepEqual(
      beside.map(({ authority }) => authority && told(authority)),
      ['under G-1'],
    )
  })

  test('the lineage of any record is its turn up to it; where there is no question, no message is of the turn', async () => {
    await using story = await newStory()
    await turn(story)
    const denied = await story.ask.lineage(story.seqOf('denied'))
    assert.deepEqual(story.namesOf(denied.steps), BEFORE_ANSWER)
    const begin = await story.ask.lineage(story.seqOf('begin'))
    assert.deepEqual([begin.question_seq, story.namesOf(begin.steps)], [undefined, ['begin']])
    const greeting = await story.add('greeting', {
      action: 'agent_response_generated',
      parent_id: denied.steps.at(0)?.record.parent_id ?? assert.fail(),
    })
    const greeted = await story.ask.lineage(greeting)
    assert.deepEqual([greeted.question_seq, story.namesOf(greeted.steps)], [undefined, ['begin', 'greeting']])
  })

  test('causes that go in a circle, or lead nowhere, end', async () => {
    await using story = await newStory()
    const [one, other, nobody] = ['1', '2', '3'].map((n) => `0193f5a2-7c00-7abc-8def-00000000000${n}`)
    await story.add('one', { action: 'tool_invoked', id: one ?? '', parent_id: other ?? '' })
    await story.add('other', { action: 'tool_completed', id: other ?? '', parent_id: one ?? '' })
    await story.add('itself', {
      action: 'agent_failed',
      id: '0193f5a2-7c00-7abc-8def-000000000004',
      parent_id: '0193f5a2-7c00-7abc-8def-000000000004',
    })
    await story.add('orphan', { action: 'agent_response_generated', parent_id: nobody ?? '' })
    for (const [name, steps] of [
      ['other', ['one', 'other']],
      ['itself', ['itself']],
      ['orphan', ['orphan']],
    ] as const) {
      const found = await story.ask.lineage(story.seqOf(name))
      assert.deepEqual([name, story.namesOf(found.steps)], [name, steps])
    }
  })

  test('an answer is on record before it is given: what was asked, as of when, and the seqs that it shows', async () => {
    await using story = await newStory()
    await turn(story)
    const { ledger, ask, seqOf } = story
    const size = async (): Promise<number> => (await ledger.health()).size
    const reads: readonly [operation: string, ask: () => Promise<unknown>, query: unknown, shown: readonly string[]][] =
      [
        ['lineage', () => ask.lineage(seqOf('next answer')), undefined, ['next question', 'next answer']],
        ['lineage', () => ask.lineage(9_999).catch(codeOf), undefined, []],
        ['lineage', () => ask.lineage('no id').catch(codeOf), undefined, []],
        [
          'grants',
          () => ask.grants({ resource_id: 'mallory', agent_name: 'clinic-agent', show: 'findings' }),
          { resource_id: '[in no record]', agent_name: '[in no record]' },
          [],
        ],
        [
          'grants',
          () => ask.grants({ resource_type: 'patient_record', limit: 1 }),
          { resource_type: 'patient_record' },
          ['grant', 'else', 'letter'],
        ],
        ['versions', () => ask.versions({ agent_name: 'mallory' }), { agent_name: '[in no record]' }, []],
        ['gaps', () => ask.gaps({ from_seq: seqOf('later') }), { from_seq: seqOf('later') }, ['later']],
      ]
    for (const [operation, answer, query, shown] of reads) {
      const before = await size()
      await answer()
      const record = (await ledger.at(before)) ?? assert.fail('not on record')
      assert.deepEqual(
        [await size(), record.action, record.details?.operation],
        [before + 1, 'records_viewed', operation],
      )
      const { query: asked, as_of_seq, results } = record.details ?? {}
      assert.deepEqual([asked, as_of_seq, results], [query, before - 1, shown.length], operation)
      const [reading] = (await ledger.as({ actor_id: 'kim' }).readers({ until_seq: before })).slice(-1)
      if (shown.length > 0) assert.deepEqual(reading?.results, shown.map(seqOf))
    }
    const before = await size()
    const out = questionsOf(ledger.as({ actor_id: 'out' }))
    for (const refused of [out.lineage(1), out.grants(), out.versions({ agent_name: 'a' }), out.gaps()]) {
      await assert.rejects(refused, { code: 'not-allowed' })
    }
    await assert.rejects(ask.gaps({ from: 'yesterday' }), { code: 'invalid-query' })
    await assert.rejects(ask.versions({ agent_name: '' }), { code: 'invalid-query' })
    assert.equal(await size(), before)
  })
}

/** A question, its answer, and what was done in between; then another question. */
async function turn({ add }: Story): Promise<void> {
  await add('grant', { ...GRANT, grant_id: 'G-1', details: READ_FOR_A_DAY })
  const begin = await add('begin', { action: 'conversation_started' })
  const message = {
    action: 'user_message_received',
    actor_id: 'nurse-7',
    actor_type: 'user',
    parent_id: begin,
  } as const
  const question = await add('question', message)
  const asked = await add('model', { action: 'model_invoked', parent_id: question })
  const wish = await add('wish', { action: 'agent_response_generated', parent_id: asked })
  const call = await add('call', { action: 'tool_invoked', parent_id: wish, details: { tool: 'get_chart' } })
  await add('else', { action: 'data_accessed', ...CHART })
  await add('far', { action: 'data_accessed', ...CHART, conversation_id: 'visit-2' })
  const inner = await add('inner', { action: 'model_invoked', conversation_id: 'sub-1', parent_id: call })
  await add('inner answer', { action: 'agent_response_generated', conversation_id: 'sub-1', parent_id: inner })
  const done = await add('done', { action: 'tool_completed', outcome: 'success', parent_id: call })
  const chart = await add('chart', { action: 'data_accessed', ...CHART, parent_id: done })
  await add('letter', { action: 'data_disclosed', ...CHART, parent_id: done, details: { recipient: 'dr-who' } })
  await add('denied', { action: 'access_denied', outcome: 'denied', ...CHART, parent_id: done })
  const request = await add('request', { action: 'approval_requested', parent_id: wish })
  await add('decision', { action: 'approval_decided', outcome: 'success', ...LEE, parent_id: request })
  const again = await add('again', { action: 'model_invoked', parent_id: question })
  await add('fact', {
    action: 'record_amended',
    ...LEE,
    parent_id: chart,
    purpose: 'care',
    details: { reason: 'x', amends: ['purpose'] },
  })
  await add('answer', { action: 'agent_response_generated', parent_id: again })
  await add('late', { action: 'data_accessed', ...CHART, parent_id: done, timestamp: second(12.5) })
  await add('later', { action: 'tool_invoked', parent_id: again })
  const next = await add('next question', { ...message, parent_id: begin })
  await add('next answer', { action: 'agent_response_generated', parent_id: next })
}

function codeOf(error: unknown): string {
  return error instanceof LedgerError ? error.code : assert.fail(String(error))
}
