// What is not on record, on a ledger (spec/authority.md §6).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Fields, LEE, type Stories, second } from './question-story.ts'

export function testGaps({ newStory }: Pick<Stories, 'newStory'>): void {
  test('a number that was refused is explained; others are missing, and each gap is told with what shows it', async () => {
    await using story = await newStory()
    const { add } = story
    const numbered = (producer_seq: number, producer_id = 'p-1'): Fields => ({
      action: 'tool_completed',
      producer_id,
      producer_seq,
    })
    await add('p0', numbered(0))
    await add('p1', numbered(1))
    await add('p1 again', numbered(1))
    await add('q2', numbered(2, 'p-2'))
    const since = { since: second(4), reason: 'store-unavailable' }
    await add('degraded', { ...numbered(6), action: 'logging_degraded', details: since })
    const told = {
      ...since,
      until: second(6),
      refused: 2,
      refused_seqs: [[3, 4], 'x', [9, 8]],
      spooled: 1,
    }
    await add('resumed', { ...numbered(7), action: 'logging_resumed', details: told })
    await add('still degraded', { ...numbered(3, 'p-2'), action: 'logging_degraded', details: since })
    await add('p9', numbered(9))
    const { numbers, degraded } = await story.ask.gaps()
    assert.deepEqual(
      numbers.listed.map(({ producer_id, from, to, state, shown_by }) => [
        producer_id,
        from,
        to,
        state,
        ...story.named([shown_by]),
      ]),
      [
        ['p-1', 2, 2, 'missing', 'degraded'],
        ['p-1', 5, 5, 'missing', 'degraded'],
        ['p-1', 3, 4, 'refused', 'degraded'],
        ['p-1', 8, 8, 'missing', 'p9'],
        ['p-1', 1, 1, 'repeated', 'p1 again'],
        ['p-2', 0, 1, 'missing', 'q2'],
      ],
    )
    assert.deepEqual(
      degraded.listed.map(({ degraded_seq, resumed_seq, until, refused, spooled }) => [
        degraded_seq,
        resumed_seq,
        until,
        refused,
        spooled,
      ]),
      [
        [story.seqOf('degraded'), story.seqOf('resumed'), told.until, 2, 1],
        [story.seqOf('still degraded'), undefined, undefined, undefined, undefined],
      ],
    )
    const later = await story.ask.gaps({ from_seq: story.seqOf('resumed') })
    assert.deepEqual(
      later.numbers.listed.map(({ from, state }) => [from, state]),
      [[8, 'missing']],
    )
    assert.equal(later.degraded.count, 2)
    assert.equal((await story.ask.gaps({ until: second(1) })).numbers.count, 0)
  })

  test('steps without an outcome, calls that nothing audited and answers that did not come whole are told', async () => {
    await using story = await newStory()
    const { add } = story
    const model = await add('model', { action: 'model_invoked' })
    await add('failed', { action: 'agent_failed', parent_id: model })
    const dead = await add('dead', { action: 'model_invoked' })
    await add('no outcome of it', { action: 'access_denied', parent_id: dead })
    await add('asked', { action: 'approval_requested' })
    const asked = await add('answered', { action: 'approval_requested' })
    await add('decided', { action: 'approval_decided', ...LEE, parent_id: asked })
    await add('unaudited', { action: 'model_invoked', assurance: 'observed', details: { unaudited: true } })
    const answer = { action: 'agent_response_generated' } as const
    await add('cut', { ...answer, outcome: 'failure', details: { ended: 'cut' } })
    await add('cancelled', { ...answer, details: { ended: 'cancelled' } })
    await add('whole', { ...answer, details: { ended: 'complete' } })
    await add('unconfirmed', { ...answer, details: { ended: 'complete', delivery: 'unconfirmed' } })
    await add('without words', { ...answer, details: { ended: 'complete', delivery: 'unconfirmed', characters: 0 } })
    const confirmed = await add('confirmed', { ...answer, details: { delivery: 'unconfirmed' } })
    await add('delivered', { action: 'agent_response_delivered', parent_id: confirmed })
    await add('half', { action: 'agent_response_delivered', details: { characters: 3, cut_at: 3 } })
    const { unfinished, unaudited, answers } = await story.ask.gaps()
    assert.deepEqual(story.named(unfinished.listed), ['dead', 'asked'])
    assert.deepEqual(story.named(unaudited.listed), ['unaudited'])
    assert.deepEqual(
      answers.listed.map((one) => [...story.named([one]), one.ended]),
      [
        ['cut', 'cut'],
        ['cancelled', 'cancelled'],
        ['half', 'cut'],
        ['unconfirmed', 'unconfirmed'],
      ],
    )
    const one = await story.ask.gaps({ limit: 1 })
    assert.deepEqual([one.unfinished.count, story.named(one.unfinished.listed)], [2, ['dead']])
  })
}
