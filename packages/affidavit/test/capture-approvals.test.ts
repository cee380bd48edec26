// Approvals are asked for and decided on record (spec/capture.md §1); grants, denials, disclosures and deliveries are, too.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { ApprovalDecision } from '../src/capture/ask-approval.ts'
import type { ApprovalStep } from '../src/capture/steps.ts'
import { ASKING, clinic, only } from './audited-work.ts'
import { pick } from './chat-drafts.ts'

const { begin } = clinic()

const ABOUT = { resource_type: 'financial_data', resource_id: 'A-1', subject_ids: ['p-1'], purpose: 'billing' }

suite('audit.approval', () => {
  test('asks, and hands on what was decided, by whom and why', async (t) => {
    for (const [approved, outcome] of [
      [true, 'success'],
      [false, 'denied'],
    ] as const) {
      const work = await begin(t)
      const { audit, context, ledger } = work
      const decision = { approved, actor_id: 'dr-lee', reason: 'as agreed', note: 'mine' }
      const request = { reason: 'pay the bill', about: ABOUT, request: { amount: 7 } }
      const given = await audit.run(context, () => audit.approval(request, async () => decision))
      assert.equal(given, decision)
      const drafts = ledger.asked.slice(1)
      const fields = ['actor_id', 'actor_type', 'outcome', 'outcome_reason', 'resource_id', 'subject_ids', 'decided_by']
      const about = { resource_id: 'A-1', subject_ids: ['p-1'] }
      assert.deepEqual(pick(drafts, ...fields), [
        {
          action: 'approval_requested',
          actor_id: work.agent_name,
          actor_type: 'agent',
          outcome_reason: 'pay the bill',
          ...about,
        },
        {
          action: 'approval_decided',
          ...{ actor_id: 'dr-lee', actor_type: 'user', outcome, outcome_reason: 'as agreed', decided_by: 'person' },
          ...about,
        },
      ])
      assert.equal(drafts[1]?.parent_id, drafts[0]?.id)
      assert.equal(only(await work.recorded(), 'approval_requested')[0]?.said.request, '{"amount":7}')
    }
  })

  test('that nobody decides is on record as that, and throws what whoever was to decide threw', async (t) => {
    const work = await begin(t)
    const failing = new TypeError('the terminal is gone')
    const ask = (decide: () => ApprovalDecision): Promise<unknown> =>
      work.audit.run(work.context, () => work.audit.approval({ reason: 'pay' }, decide))
    await assert.rejects(
      ask(() => {
        throw failing
      }),
      failing,
    )
    for (const nothing of [
      undefined,
      null,
      {},
      { approved: 'yes', actor_id: 'dr-lee' },
      { approved: true },
      { approved: true, actor_id: '' },
    ]) {
      await assert.rejects(
        ask(() => nothing as ApprovalDecision),
        TypeError,
      )
    }
    const decided = only(await work.recorded(), 'approval_decided')
    assert.equal(decided.length, 7)
    for (const { outcome, actor_type, details } of decided) {
      assert.deepEqual([outcome, actor_type, details?.decided_by], ['error', 'agent', 'rule'])
    }
    assert.deepEqual(decided[0]?.said, { error: 'the terminal is gone' })
  })

  test('keeps reasons in the words of a person, also where no label holds them', async (t) => {
    const work = await begin(t)
    const reason = `First line.\nSecond line: ${'very '.repeat(60)}long.`
    await work.audit.run(work.context, () =>
      work.audit.approval({ reason }, () => ({ approved: false, actor_id: 'dr-lee', reason })),
    )
    for (const { action, outcome_reason = '', said } of (await work.recorded()).slice(1)) {
      assert.match(outcome_reason, /^First line\. Second line: very .*…$/, action)
      assert.equal(said.reason, reason)
    }
  })
})

suite('an approval that a framework tells of', () => {
  const TOLD: ApprovalStep = {
    sdk: 'ai',
    layer: 'framework',
    approval_id: 'aitxt-1',
    name: 'pay_bill',
    call_id: 'call_1',
    arguments: { amount: 7 },
  }

  test('again and again, by many at once and in other processes, is one question and one decision', async (t) => {
    const work = await begin(t)
    for (const { audit, context } of [work, await work.again()]) {
      await audit.run(context, async () => {
        await audit.message('another turn')
        const asked = await Promise.all([audit.beginApproval(TOLD), audit.beginApproval(TOLD)])
        assert.equal(asked[0]?.id, asked[1]?.id)
        await Promise.all(asked.map((one) => one.end({ approved: true, by: 'person' })))
      })
    }
    const records = await work.recorded()
    const [requested, another] = only(records, 'approval_requested')
    assert.equal(another, undefined)
    const decided = only(records, 'approval_decided')
    assert.deepEqual(
      decided.map(({ parent_id, actor_type }) => [parent_id, actor_type]),
      [[requested?.id, 'user']],
    )
    assert.deepEqual([requested?.details?.tool, requested?.details?.call_id], ['pay_bill', 'call_1'])
    assert.equal(requested?.said.request, '{"amount":7}')
  })

  test('is another one in another conversation, and where it has no id', async (t) => {
    const work = await begin(t)
    const { approval_id: _, ...nameless } = TOLD
    for (const step of [TOLD, { ...TOLD, approval_id: 'aitxt-2' }, nameless, nameless]) {
      await work.audit.run(work.context, () => work.audit.beginApproval(step))
    }
    await work.audit.run({ ...work.context, conversation_id: 'other' }, () => work.audit.beginApproval(TOLD))
    assert.equal(only(await work.entries(), 'approval_requested').length, 5)
  })

  test('as decided in two ways is on record with both', async (t) => {
    const work = await begin(t)
    for (const approved of [false, true]) {
      await work.audit.run(work.context, async () => {
        await (await work.audit.beginApproval(TOLD)).end({ approved, by: 'rule', reason: 'by the rule' })
      })
    }
    assert.deepEqual(
      only(await work.entries(), 'approval_decided').map(({ outcome, actor_type }) => [outcome, actor_type]),
      [
        ['denied', 'agent'],
        ['success', 'agent'],
      ],
    )
  })

  test('whose question or decision cannot be recorded ends the run, and its operation', async (t) => {
    const work = await begin(t)
    const { audit, context, ledger } = work
    const told = { ...TOLD, operation_id: 'operation-1' }
    const approval = await audit.run(context, () => audit.beginApproval(told))
    ledger.fail()
    await audit.run(context, async () => {
      await assert.rejects(audit.beginApproval({ ...TOLD, approval_id: 'other' }), { code: 'store-unavailable' })
      ledger.heal()
      await assert.rejects(
        audit.modelCall({}, () => assert.fail('asked')),
        { code: 'run-stopped' },
      )
    })
    ledger.fail()
    await assert.rejects(approval.end({ approved: true, by: 'person' }))
    ledger.heal()
    await assert.rejects(audit.beginModelCall({ ...ASKING, operation_id: 'operation-1' }), { code: 'run-stopped' })
  })

  test('that may wait is told again later, and is one record in the end', async (t) => {
    const work = await begin(t, { spoolBytes: 1_048_576, policy: { approval: 'spool' } })
    const tell = (): Promise<void> =>
      work.audit.run(work.context, async () =>
        (await work.audit.beginApproval(TOLD)).end({ approved: true, by: 'person' }),
      )
    await tell()
    work.ledger.fail()
    await tell()
    work.ledger.heal()
    await work.audit.close()
    const records = await work.entries()
    assert.deepEqual([only(records, 'approval_requested').length, only(records, 'approval_decided').length], [1, 1])
  })
})

suite('a grant', () => {
  const DAYS = { valid_from: '2026-11-01T00:00:00.000Z', valid_until: '2026-12-01T00:00:00.000Z' }
  const GRANT = {
    approver: { actor_id: 'dr-lee' },
    resource_type: 'patient_record',
    access: ['read', 'write'],
    ...DAYS,
  } as const

  test('is the approver’s word: what the run is about is no part of its scope', async (t) => {
    const work = await begin(t)
    const { audit, context, ledger, agent_name } = work
    const narrow = { ...context, subject_ids: ['p-1'], purpose: 'billing', grant_id: 'G-0' }
    const id = await audit.run(narrow, () => audit.grant(GRANT))
    const granted = ledger.asked.at(-1)
    assert.equal(granted?.id, id)
    assert.deepEqual(pick(granted === undefined ? [] : [granted], 'actor_id', 'actor_type', 'agent_name', 'grant_id'), [
      { action: 'access_granted', actor_id: 'dr-lee', actor_type: 'user', agent_name, grant_id: id },
    ])
    const { subject_ids, purpose, conversation_id, on_behalf_of } = granted ?? {}
    assert.deepEqual(
      [subject_ids, purpose, conversation_id, on_behalf_of],
      [undefined, undefined, undefined, undefined],
    )
    assert.deepEqual(granted?.details, { access: ['read', 'write'], ...DAYS })
    await work.entries()
  })

  test('says what narrows it', async (t) => {
    const { audit, ledger } = await begin(t)
    const scope = {
      grant_id: 'G-7',
      agent_name: 'billing',
      on_behalf_of: 'nurse',
      resource_id: 'P-1',
      subject_ids: ['p-1'],
      purpose: 'care',
      conversation_id: 'c-7',
    }
    await audit.grant({ ...GRANT, ...scope, approver: { actor_id: 'dr-lee', actor_type: 'admin' }, reason: 'on call' })
    const granted = ledger.asked.at(-1)
    assert.deepEqual(
      pick(granted === undefined ? [] : [granted], ...Object.keys(scope), 'actor_type', 'outcome_reason'),
      [{ action: 'access_granted', ...scope, actor_type: 'admin', outcome_reason: 'on call' }],
    )
  })

  test('that lacks what it needs is refused, with its place', async (t) => {
    const { audit } = await begin(t)
    const lies: readonly [lie: object, path: string][] = [
      [{ valid_until: DAYS.valid_from }, 'details.valid_until'],
      [{ valid_from: '2026-11-01' }, 'details.valid_from'],
      [{ access: [] }, 'details.access'],
      [{ resource_type: 'No Word' }, 'resource_type'],
    ]
    for (const [lie, path] of lies)
      await assert.rejects(audit.grant({ ...GRANT, ...lie }), { code: 'invalid-draft', path })
  })

  test('is revoked by its name, with a reason', async (t) => {
    const work = await begin(t)
    await work.audit.revoke({ by: { actor_id: 'dr-lee' }, grant_id: 'G-7', reason: 'the study has ended' })
    const [revoked] = only(await work.entries(), 'access_revoked')
    assert.deepEqual([revoked?.grant_id, revoked?.outcome_reason], ['G-7', 'the study has ended'])
  })
})

suite('what happens in an instant', () => {
  test('a denial says what was refused, and why', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, () =>
      work.audit.deny({
        resource_type: 'patient_record',
        resource_id: 'p-1',
        access: 'read',
        reason: 'not hers',
        tool: 'get_chart',
      }),
    )
    const [denied] = only(await work.entries(), 'access_denied')
    assert.deepEqual(
      [denied?.outcome, denied?.outcome_reason, denied?.details],
      ['denied', 'not hers', { access: 'read', tool: 'get_chart' }],
    )
  })

  test('a disclosure says to whom, what in sealed words, why, and by what right', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, () =>
      work.audit.disclose({
        recipient: 'dr-lee@harbour.example',
        description: 'the chart of p-1',
        purpose: 'treatment',
        legal_basis: 'consent',
        resource_type: 'patient_record',
        subject_ids: ['p-1'],
      }),
    )
    const [disclosed] = only(await work.recorded(), 'data_disclosed')
    assert.deepEqual(
      [disclosed?.purpose, disclosed?.details?.legal_basis, disclosed?.said.description],
      ['treatment', 'consent', 'the chart of p-1'],
    )
  })

  test('a decision about a prompt says about which version of whom', async (t) => {
    const work = await begin(t)
    for (const approved of [true, false]) {
      await work.audit.decidePrompt({
        approver: { actor_id: 'dr-lee' },
        agent_name: 'clinic',
        prompt_version: 'v-1',
        approved,
      })
    }
    assert.deepEqual(
      pick(work.ledger.asked, 'outcome', 'resource_type', 'resource_id', 'agent_name', 'prompt_version'),
      ['success', 'denied'].map((outcome) => ({
        action: 'approval_decided',
        outcome,
        resource_type: 'agent_prompt',
        resource_id: 'clinic',
        agent_name: 'clinic',
        prompt_version: 'v-1',
      })),
    )
  })

  test('a delivery names its answer, and where it was cut', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    await audit.run(context, async () => {
      await (await audit.beginModelCall(ASKING)).end({ ended: 'complete', answer: 'All is wéll 🌞.' })
      await audit.delivered()
      await audit.delivered({ characters: 3 })
      await audit.delivered({ answer: '01a1fc50-5200-7000-8000-000000000000', characters: 2, recipient: 'dr-lee' })
    })
    await audit.run(context, () => audit.delivered())
    const records = await work.entries()
    const [answer] = only(records, 'agent_response_generated')
    assert.equal(answer?.details?.characters, 14)
    assert.deepEqual(
      only(records, 'agent_response_delivered').map(({ parent_id, details }) => [parent_id === answer?.id, details]),
      [
        [true, { characters: 14 }],
        [true, { characters: 3, cut_at: 3 }],
        [false, { characters: 2, recipient: 'dr-lee' }],
        [true, { characters: 14 }],
      ],
    )
  })

  test('of answers in parallel runs, each delivery names its own', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    await Promise.all(
      ['one', 'three'].map((answer) =>
        audit.run(context, async () => {
          await (await audit.beginModelCall(ASKING)).end({ ended: 'complete', answer })
          await audit.message('thanks')
          await audit.delivered()
        }),
      ),
    )
    const delivered = only(await work.entries(), 'agent_response_delivered')
    assert.deepEqual(delivered.map(({ details }) => details?.characters).sort(), [3, 5])
  })

  test('how a model call ended is told as it was', async (t) => {
    const work = await begin(t)
    const ends = [
      [{ ended: 'complete' }, 'agent_response_generated', 'success', 'unconfirmed'],
      [{ ended: 'cut', answer: 'All' }, 'agent_response_generated', 'failure', 'cut'],
      [{ ended: 'cancelled', answer: 'All' }, 'agent_response_generated', 'failure', 'cut'],
      [{ ended: 'cancelled' }, 'agent_failed', 'failure', undefined],
      [{ ended: 'failed', status: 500, error: new Error('x') }, 'agent_failed', 'error', undefined],
    ] as const
    for (const [end, action, outcome, delivery] of ends) {
      await (await work.audit.beginModelCall({ ...ASKING, model: 'm-1' })).end(end)
      const record = (await work.entries()).at(-1)
      assert.deepEqual(
        [record?.action, record?.outcome, record?.details?.ended, record?.details?.delivery],
        [action, outcome, end.ended, delivery],
      )
    }
    await assert.rejects(
      work.audit.modelCall({}, () => AbortSignal.abort().throwIfAborted()),
      { name: 'AbortError' },
    )
    assert.equal((await work.entries()).at(-1)?.details?.ended, 'cancelled')
  })
})
