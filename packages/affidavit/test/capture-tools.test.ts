// Calls of tools: what they touch, by the registry or by whoever audits them (spec/capture.md §1).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import type { ToolEnd, ToolStep } from '../src/capture/steps.ts'
import type { Draft } from '../src/formats/fields.ts'
import { ASKING, actionsOf, clinic, only, type Work } from './audited-work.ts'
import { pick, registryOf } from './chat-drafts.ts'

const PATIENT = { from: 'arguments', at: '/patient' }
const CHART = { access: 'read', resource_type: 'patient_record', resource_id: PATIENT, subject_ids: [PATIENT] }
const LETTER = { access: 'write', resource_type: 'letter', resource_id: { from: 'result', at: '$.letters[*]' } }
const registry = registryOf({
  tools: {
    get_chart: { touches: [{ ...CHART, compliance_domains: ['hipaa'], purpose: 'treatment' }] },
    refer: { touches: [CHART, { ...LETTER, retention_class: 'letters', compliance_domains: ['sox'] }] },
    send_fax: { touches: [{ access: 'disclose', resource_type: 'letter', resource_id: PATIENT }] },
    think: { kind: 'none' },
    ask_doctor: {
      kind: 'approval_request',
      approver: [{ from: 'result', at: '/approver' }],
      decision: { from: 'result', at: '/decision' },
      touches: [CHART],
    },
  },
  recipients: { fax: { kind: 'service', compliance_domains: ['hipaa'], on_violation: 'block' } },
})

const { begin } = clinic(undefined, { registry })

/** Drafts as they were handed to the ledger, in order: ids are as they came. */
function drafts({ ledger }: Work): readonly Draft[] {
  return ledger.asked.filter(({ action }) => action !== 'conversation_started')
}

function step(name: string, more: Partial<ToolStep> = {}): ToolStep {
  return { sdk: 'mcp', layer: 'client', name, arguments: {}, ...more }
}

async function call({ audit, context }: Work, made: ToolStep, end: ToolEnd): Promise<void> {
  await audit.run(context, async () => {
    await (await audit.beginToolCall(made)).end(end)
  })
}

suite('by the registry', () => {
  test('a call names beforehand the one thing that it may touch, and touches it afterwards', async (t) => {
    const work = await begin(t)
    await call(work, step('get_chart', { arguments: { patient: 'p-1' } }), { ended: 'complete', result: 'fine' })
    const touched = { resource_type: 'patient_record', resource_id: 'p-1', subject_ids: ['p-1'], access: 'read' }
    const fields = ['outcome', 'resource_type', 'resource_id', 'subject_ids', 'access', 'purpose', 'compliance_domains']
    assert.deepEqual(pick(drafts(work), ...fields), [
      { action: 'tool_invoked', ...touched, purpose: 'treatment', compliance_domains: ['hipaa'] },
      { action: 'tool_completed', outcome: 'success', subject_ids: ['p-1'], compliance_domains: ['hipaa'] },
      { action: 'data_accessed', outcome: 'success', ...touched, purpose: 'treatment', compliance_domains: ['hipaa'] },
    ])
    const [invoked, completed, accessed] = (await work.entries()).slice(1)
    assert.deepEqual([completed?.parent_id, accessed?.parent_id], [invoked?.id, completed?.id])
  })

  test('each thing that was touched is a record, as strict as the call', async (t) => {
    const work = await begin(t)
    const result = { letters: ['L-1', 'L-2'] }
    await call(work, step('refer', { arguments: '{"patient":"p-1"}' }), { ended: 'complete', result })
    assert.deepEqual(pick(drafts(work), 'resource_id', 'retention_class', 'compliance_domains').slice(2), [
      { action: 'data_accessed', resource_id: 'p-1', compliance_domains: ['sox'] },
      { action: 'data_modified', resource_id: 'L-1', retention_class: 'letters', compliance_domains: ['sox'] },
      { action: 'data_modified', resource_id: 'L-2', retention_class: 'letters', compliance_domains: ['sox'] },
    ])
  })

  test('a tool that touches nothing has no record of data, and one that nobody knows has one', async (t) => {
    const work = await begin(t)
    await call(work, step('think'), { ended: 'complete' })
    await call(work, step('strange'), { ended: 'complete' })
    assert.deepEqual(pick(drafts(work), 'resource_type', 'access'), [
      { action: 'tool_invoked' },
      { action: 'tool_completed' },
      { action: 'tool_invoked', resource_type: 'unclassified', access: 'unknown' },
      { action: 'tool_completed' },
      { action: 'data_accessed', resource_type: 'unclassified', access: 'unknown' },
    ])
  })

  test('what was refused is a denial of each thing, whoever says so', async (t) => {
    const denials: readonly ToolEnd[] = [
      { ended: 'complete', result: { error: 'permission_denied' } },
      { ended: 'failed', error: new Error('no'), outcome: 'denied', outcome_reason: 'not her doctor' },
    ]
    for (const end of denials) {
      const work = await begin(t)
      await call(work, step('get_chart', { arguments: { patient: 'p-1' } }), end)
      assert.deepEqual(pick(drafts(work), 'outcome', 'outcome_reason', 'resource_id').slice(1), [
        { action: 'tool_completed', outcome: 'denied', ...reasonIn(end) },
        { action: 'access_denied', outcome: 'denied', ...reasonIn(end), resource_id: 'p-1' },
      ])
    }
  })

  function reasonIn({ outcome_reason }: ToolEnd): object {
    return outcome_reason === undefined ? {} : { outcome_reason }
  }

  test('what failed or was given up may have touched what it names', async (t) => {
    const ends: readonly [end: ToolEnd, outcome: string][] = [
      [{ ended: 'failed', error: new TypeError('no patient') }, 'error'],
      [{ ended: 'cancelled' }, 'failure'],
      [{ ended: 'cut' }, 'failure'],
      [{ ended: 'complete', result: 'Error: no patient' }, 'error'],
    ]
    for (const [end, outcome] of ends) {
      const work = await begin(t)
      await call(work, step('get_chart', { arguments: { patient: 'p-1' } }), end)
      assert.deepEqual(
        drafts(work)
          .slice(1)
          .map((draft) => [draft.action, draft.outcome]),
        [
          ['tool_completed', outcome],
          ['data_accessed', outcome],
        ],
      )
    }
  })

  test('a tool that asks for an approval is asked, and decided by whom it names, about each thing', async (t) => {
    const decisions: readonly [result: object, expected: object][] = [
      [
        { approver: 'dr-lee', decision: 'approved' },
        { outcome: 'success', actor_id: 'dr-lee', decision: 'approved' },
      ],
      [
        { approver: 'dr-lee', decision: 'no' },
        { outcome: 'denied', actor_id: 'dr-lee', decision: 'denied' },
      ],
      [{ decision: 'perhaps' }, { outcome: 'error', actor_id: 'unknown-approver', decision: 'unrecognised' }],
    ]
    for (const [result, expected] of decisions) {
      const work = await begin(t)
      await call(work, step('ask_doctor', { arguments: { patient: 'p-1' } }), { ended: 'complete', result })
      assert.deepEqual(actionsOf((await work.entries()).slice(1)), [
        'tool_invoked',
        'approval_requested',
        'tool_completed',
        'approval_decided',
      ])
      const [invoked, requested, , decided] = drafts(work)
      assert.deepEqual([requested?.parent_id, decided?.parent_id], [invoked?.id, requested?.id])
      assert.deepEqual(pick(decided === undefined ? [] : [decided], 'outcome', 'actor_id', 'decision', 'resource_id'), [
        { action: 'approval_decided', ...expected, resource_id: 'p-1' },
      ])
    }
  })

  test('an approval tool that failed decided nothing', async (t) => {
    const work = await begin(t)
    await call(work, step('ask_doctor', { arguments: { patient: 'p-1' } }), { ended: 'failed', error: 'down' })
    assert.ok(!actionsOf(await work.entries()).includes('approval_decided'))
  })

  test('a model whose recipient may be refused is not called before the ledger has judged it, also where it could wait', async (t) => {
    const { audit, context, ledger } = await begin(t, { spoolBytes: 1_048_576 })
    ledger.fail()
    await audit.run(context, async () => {
      await assert.rejects(audit.beginModelCall({ ...ASKING, recipient: 'fax' }), { code: 'not-committed' })
      const call = await audit.beginModelCall(ASKING)
      await call.end({ ended: 'complete' })
    })
  })

  test('a model whose recipient is refused is not called, and that is on record', async (t) => {
    const work = await begin(t, { spoolBytes: 1_048_576 })
    const { audit, context } = work
    await audit.run(context, async () => {
      const messages = [{ role: 'user', value: 'MRN 00441 fell', text: 'MRN 00441 fell' }] as const
      const parameters = { note: 'MRN 00441' }
      await assert.rejects(audit.beginModelCall({ ...ASKING, recipient: 'fax', messages, parameters }), {
        code: 'recipient-refused',
      })
    })
    const records = await work.entries()
    assert.deepEqual([only(records, 'draft_rejected').length, only(records, 'model_invoked').length], [1, 0])
  })
})

suite('what the caller says that it touches', () => {
  test('stands for what the registry would say', async (t) => {
    const work = await begin(t)
    const touches = [
      { access: 'read', resource_type: 'patient_record', resource_id: 'p-1', subject_ids: ['p-1'] },
      { access: 'write', resource_type: 'order', purpose: 'treatment', grant_id: 'G-1' },
    ] as const
    await call(work, step('get_chart', { touches }), { ended: 'complete', result: 'done' })
    assert.deepEqual(pick(drafts(work), 'resource_type', 'resource_id', 'subject_ids', 'purpose', 'grant_id'), [
      { action: 'tool_invoked', subject_ids: ['p-1'] },
      { action: 'tool_completed', subject_ids: ['p-1'] },
      { action: 'data_accessed', resource_type: 'patient_record', resource_id: 'p-1', subject_ids: ['p-1'] },
      { action: 'data_modified', resource_type: 'order', purpose: 'treatment', grant_id: 'G-1' },
    ])
  })

  test('is told by a digest where no id can hold it, and refuses nothing', async (t) => {
    const work = await begin(t)
    const strange: unknown = 7
    const touches = [
      {
        access: 'read',
        resource_type: 'patient_record',
        resource_id: 'p\u0000',
        subject_ids: ['p-1', '\ud800', strange as string],
        purpose: 'to\nheal',
        grant_id: 'G'.repeat(300),
      },
    ] as const
    await call(work, step('get_chart', { touches }), { ended: 'complete' })
    const [accessed] = only(await work.entries(), 'data_accessed')
    assert.deepEqual([accessed?.resource_id, accessed?.grant_id, accessed?.purpose], [undefined, undefined, 'to heal'])
    assert.equal(accessed?.subject_ids?.length, 1)
    const { details = {} } = accessed ?? {}
    assert.equal(details.subject_ids_unclaimed, true)
    assert.equal(details.resource_id_digest, work.ledger.digest('p\u0000'))
    assert.equal(details.grant_id_digest, work.ledger.digest('G'.repeat(300)))
  })
})

suite('audit.tool', () => {
  test('hands on what a tool gives and throws, at once or later, and has it on record', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    const error = Object.assign(new TypeError('no such patient'), { code: 'NO_PATIENT' })
    await audit.run(context, async () => {
      assert.equal(await audit.tool('think', (a: number, b: number) => a + b)(2, 3), 5)
      assert.equal(await audit.tool('think', async (a: number) => a)(7), 7)
      await assert.rejects(
        audit.tool('think', () => {
          throw error
        })(),
        error,
      )
      await assert.rejects(audit.tool('think', () => Promise.reject(error))(), error)
      await assert.rejects(audit.tool('think', () => AbortSignal.abort().throwIfAborted())(), { name: 'AbortError' })
    })
    const records = await work.recorded()
    assert.deepEqual(
      only(records, 'tool_invoked').map(({ said }) => said.arguments),
      ['[2,3]', '7', '[]', '[]', '[]'],
    )
    assert.deepEqual(
      only(records, 'tool_completed').map(({ outcome, details, said }) => [
        outcome,
        details?.ended,
        details?.error,
        said,
      ]),
      [
        ['success', 'complete', undefined, { result: '5' }],
        ['success', 'complete', undefined, { result: '7' }],
        ['error', 'failed', { name: 'TypeError', code: 'NO_PATIENT' }, { error: 'no such patient' }],
        ['error', 'failed', { name: 'TypeError', code: 'NO_PATIENT' }, { error: 'no such patient' }],
        ['failure', 'cancelled', { name: 'AbortError' }, { error: 'This operation was aborted' }],
      ],
    )
  })

  test('knows the model’s id of a call, and what it touches, from what the tool is given', async (t) => {
    const work = await begin(t)
    const tool = work.audit.tool(
      {
        name: 'get_chart',
        call_id: (_, call_id) => String(call_id),
        touches: (patient) => [{ access: 'write', resource_type: 'order', resource_id: String(patient) }],
      },
      (patient: string, call_id: string) => `${patient} ${call_id}`,
    )
    await work.audit.run(work.context, () => tool('p-1', 'call_7'))
    assert.deepEqual(pick(drafts(work), 'call_id', 'resource_id'), [
      { action: 'tool_invoked', call_id: 'call_7', resource_id: 'p-1' },
      { action: 'tool_completed', call_id: 'call_7' },
      { action: 'data_modified', call_id: 'call_7', resource_id: 'p-1' },
    ])
  })
})

suite('audit.dataAccess', () => {
  test('is its own outcome, with what was accessed sealed', async (t) => {
    const work = await begin(t)
    const { audit, context } = work
    const touching = { resource_type: 'patient_record', resource_id: 'p-1', subject_ids: ['p-1'] } as const
    await audit.run(context, async () => {
      assert.equal(await audit.dataAccess({ access: 'read', ...touching }, () => 'the chart'), 'the chart')
      await audit.dataAccess({ access: 'write', ...touching }, async () => undefined)
      await assert.rejects(audit.dataAccess({ access: 'disclose', ...touching }, () => Promise.reject(new Error('no'))))
    })
    const records = (await work.recorded()).slice(1)
    assert.deepEqual(
      records.map(({ action, outcome, said }) => [action, outcome, said.result ?? said.error]),
      [
        ['tool_invoked', undefined, undefined],
        ['data_accessed', 'success', 'the chart'],
        ['tool_invoked', undefined, undefined],
        ['data_modified', 'success', undefined],
        ['tool_invoked', undefined, undefined],
        ['data_disclosed', 'error', 'no'],
      ],
    )
    for (const [i, record] of records.entries()) if (i % 2 === 1) assert.equal(record.parent_id, records[i - 1]?.id)
  })

  test('within another one is another one', async (t) => {
    const work = await begin(t)
    const read = (resource_id: string, within: () => unknown): Promise<unknown> =>
      work.audit.dataAccess({ access: 'read', resource_type: 'patient_record', resource_id }, within)
    await work.audit.run(work.context, () => read('p-1', () => read('p-1', () => read('p-2', () => 1))))
    assert.equal(only(await work.entries(), 'data_accessed').length, 3)
  })
})
