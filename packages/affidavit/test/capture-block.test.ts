// What blocks does not happen where it cannot be recorded, and what it gave is not handed over before its outcome is
// (spec/capture.md §2).

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { STEP_KINDS } from '../src/capture/policy.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { actionsOf, type Clinic, clinic, only, turns, type Work } from './audited-work.ts'
import { postgresBackend } from './postgres-backend.ts'

const RECORD = { access: 'read', resource_type: 'patient_record', resource_id: 'P-1' } as const
const DAYS = { valid_from: '2026-11-01T00:00:00.000Z', valid_until: '2026-12-01T00:00:00.000Z' }

type Step = (work: Work, did: (what: string) => string) => Promise<unknown>

const STEPS: Readonly<Record<string, Step>> = {
  'tool runs': ({ audit }, did) => audit.tool('get_chart', () => did('a tool ran'))(),
  'data is accessed': ({ audit }, did) => audit.dataAccess(RECORD, () => did('data was accessed')),
  'model is called': ({ audit }, did) => audit.modelCall({ model: 'm-1' }, () => did('a model was called')),
  'approval is asked for': ({ audit }, did) =>
    audit.approval({ reason: 'surgery' }, () => ({ approved: true, actor_id: did('somebody was asked') })),
  'data is disclosed': async ({ audit }, did) => {
    const disclosure = {
      description: 'the chart',
      purpose: 'care',
      legal_basis: 'consent',
      resource_type: 'patient_record',
    }
    await audit.disclose({ recipient: 'fax', ...disclosure })
    did('data was disclosed')
  },
  'grant is given': async ({ audit }, did) => {
    await audit.grant({ approver: { actor_id: 'dr-lee' }, resource_type: 'patient_record', access: ['read'], ...DAYS })
    did('a grant was given')
  },
  'message is answered': async ({ audit }, did) => {
    await audit.message('How is she?')
    did('a message was answered')
  },
}

const { begin } = clinic()

function testBlocking(name: string, clinicOf: () => Clinic): void {
  suite(name, () => {
    const { begin } = clinicOf()

    for (const [what, step] of Object.entries(STEPS)) {
      test(`with a ledger that refuses, no ${what}`, async (t) => {
        const work = await begin(t)
        const happened: string[] = []
        const did = (one: string): string => {
          happened.push(one)
          return one
        }
        work.ledger.fail()
        await work.audit.run(work.context, async () => {
          await assert.rejects(async () => step(work, did), { code: 'not-committed' })
        })
        assert.deepEqual(happened, [])
        work.ledger.heal()
        await work.audit.run(work.context, () => step(work, did))
        assert.equal(happened.length, 1)
      })
    }

    test('nothing that a step gave is handed over before its outcome is on record', async (t) => {
      const work = await begin(t)
      const gates: readonly [of: string, step: () => Promise<unknown>][] = [
        ['tool_completed', () => work.audit.tool('get_chart', () => 'the chart')()],
        ['data_accessed', () => work.audit.dataAccess(RECORD, () => 'the record')],
        ['agent_response_generated', () => work.audit.modelCall({ model: 'm-1' }, () => 'the answer')],
        [
          'approval_decided',
          () => work.audit.approval({ reason: 'r' }, () => ({ approved: true, actor_id: 'dr-lee' })),
        ],
      ]
      for (const [action, step] of gates) {
        const { letGo } = work.ledger.hold((draft) => draft.action === action)
        let given: unknown = 'nothing'
        const handed = work.audit.run(work.context, step).then((result) => {
          given = result
        })
        while (!work.ledger.asked.some((draft) => draft.action === action)) await turns(1)
        await turns()
        assert.equal(given, 'nothing', action)
        letGo()
        await handed
        assert.notEqual(given, 'nothing', action)
      }
    })
  })
}

testBlocking('in files', () => ({ begin }))
const postgres = postgresBackend()
testBlocking('in PostgreSQL', () => clinic(postgres))

suite('a run', () => {
  /** Some tool's outcome is refused; the framework takes the error for a result, and goes on. */
  async function withoutOutcome({ audit, ledger }: Work, operation_id?: string): Promise<unknown> {
    ledger.fail({ only: ({ action }) => action === 'tool_completed' })
    const step = { sdk: 'ai', layer: 'framework', name: 'get_chart', arguments: {} } as const
    const call = await audit.beginToolCall({ ...step, ...(operation_id === undefined ? {} : { operation_id }) })
    const told = await call.end({ ended: 'complete', result: 'the chart' }).catch((error: unknown) => error)
    ledger.heal()
    return told
  }

  test('after a tool’s record failed, calls no model and runs no tool, whatever the framework made of the error', async (t) => {
    const work = await begin(t)
    let ran = 0
    await work.audit.run(work.context, async () => {
      const told = await withoutOutcome(work)
      assert.ok(told instanceof LedgerError && told.code === 'not-committed')
      // A grant is no step of the agent.
      const { 'grant is given': _, ...steps } = STEPS
      for (const step of Object.values(steps)) {
        await assert.rejects(
          async () => step(work, () => String(ran++)),
          (error: LedgerError) => {
            assert.equal(error.code, 'run-stopped')
            assert.ok(error.cause instanceof LedgerError && error.cause.code === 'not-committed')
            return true
          },
        )
      }
    })
    assert.equal(ran, 0)
    await work.audit.run(work.context, () => work.audit.modelCall({ model: 'm-1' }, () => ran++))
    assert.equal(ran, 1)
  })

  test('is stopped with the runs that it was begun in', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      await work.audit.run({ ...work.context, agent_name: 'billing' }, () => withoutOutcome(work))
      await assert.rejects(async () => work.audit.modelCall({}, () => 'asked'), { code: 'run-stopped' })
      await assert.rejects(
        async () => work.audit.run({ ...work.context, agent_name: 'other' }, () => work.audit.modelCall({}, () => 1)),
        { code: 'run-stopped' },
      )
    })
  })

  test('of a framework that is outside of any run is stopped by its operation, and no other is', async (t) => {
    const work = await begin(t)
    await withoutOutcome(work, 'operation-1')
    const step = { sdk: 'ai', layer: 'framework', operation: 'generate', stream: false } as const
    const request = { ...step, instructions: [], tools: [], messages: [], parameters: {} }
    await assert.rejects(work.audit.beginModelCall({ ...request, operation_id: 'operation-1' }), {
      code: 'run-stopped',
    })
    await assert.rejects(
      work.audit.beginToolCall({
        sdk: 'ai',
        layer: 'framework',
        name: 'x',
        arguments: {},
        operation_id: 'operation-1',
      }),
      { code: 'run-stopped' },
    )
    await (await work.audit.beginModelCall({ ...request, operation_id: 'operation-2' })).end({ ended: 'complete' })
  })

  test('whose model call could not be recorded goes on when the ledger does: nothing happened that is on no record', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      work.ledger.fail({ only: ({ action }) => action === 'model_invoked' })
      await assert.rejects(
        work.audit.modelCall({ model: 'm-1' }, () => assert.fail('called')),
        { code: 'not-committed' },
      )
      work.ledger.heal()
      assert.equal(await work.audit.modelCall({ model: 'm-1' }, () => 'called'), 'called')
    })
  })

  test('in which a tool is refused for its recipient goes on without it', async (t) => {
    const work = await begin(t)
    await work.audit.run(work.context, async () => {
      work.ledger.fail({ code: 'recipient-refused', only: ({ action }) => action === 'tool_invoked' })
      await assert.rejects(work.audit.tool('send_fax', () => assert.fail('sent'))(), { code: 'recipient-refused' })
      work.ledger.heal()
      assert.equal(await work.audit.modelCall({}, () => 'asked'), 'asked')
    })
  })

  test('learns of an answer that could not be recorded, and does not get it', async (t) => {
    const work = await begin(t)
    work.ledger.fail({ only: ({ action }) => action === 'agent_response_generated' })
    await work.audit.run(work.context, () =>
      assert.rejects(
        work.audit.modelCall({ model: 'm-1' }, () => 'the answer'),
        { code: 'not-committed' },
      ),
    )
    work.ledger.heal()
    await work.audit.close()
    const records = await work.recorded()
    assert.equal(only(records, 'model_invoked').length, 1)
    assert.ok(!actionsOf(records).includes('agent_response_generated'))
  })
})

suite('a policy', () => {
  test('that is none, or asks for a spool that is not there, is refused with its name', async (t) => {
    const lies: readonly [policy: object, path: string][] = [
      [{ tool: 'allow' }, 'policy.tool'],
      [{ tools: 'block' }, 'policy.tools'],
      ...STEP_KINDS.map((kind) => [{ [kind]: 'spool' }, `policy.${kind}`] as [object, string]),
    ]
    for (const [policy, path] of lies) {
      await assert.rejects(begin(t, { policy }), { code: 'invalid-query', path })
    }
  })
})
