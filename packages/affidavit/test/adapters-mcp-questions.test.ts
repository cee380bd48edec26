// A server that asks the user of a client: what was asked and what they did is on record, before anybody acts on it.

import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'

import { auditedAgent, type Recorded } from './audited-agent.ts'
import { HTTP, MEMORY, type Served } from './mcp-links.ts'

const agent = await auditedAgent()
after(() => agent.close())
const { audit } = agent

const served: Served = {
  async tool(_given, { ask }) {
    const text = await ask('Delete the chart?')
    return { content: [{ type: 'text', text }] }
  },
}

function approvals(records: readonly Recorded[]): readonly Recorded[] {
  return records.filter(({ action }) => action.startsWith('approval_'))
}

for (const kind of [...MEMORY, ...HTTP]) {
  for (const ends of [{ client: audit }, { server: audit }]) {
    const [end = ''] = Object.keys(ends)
    suite(`${kind.name}, the ${end} audited`, () => {
      for (const [answers, outcome, reason] of [
        ['accept', 'success', undefined],
        ['decline', 'denied', 'decline'],
        ['cancel', 'denied', 'cancel'],
      ] as const) {
        test(`to ${answers} is ${outcome}`, async () => {
          const done = await agent.during(async () => {
            const link = await kind.connect({ ...ends, answers }, served)
            const result = await link.callTool('delete_chart', { id: 7 })
            await link.close()
            return result
          })
          assert.equal(done.error, undefined)
          assert.ok(JSON.stringify(done.result).includes(answers))
          const records = await done.recorded()
          const [asked, decided, ...others] = approvals(records)
          assert.deepEqual(others, [])
          assert.deepEqual([asked?.action, decided?.action], ['approval_requested', 'approval_decided'])
          assert.equal(decided?.parent_id, asked?.id)
          assert.deepEqual([decided?.outcome, decided?.outcome_reason, decided?.actor_type], [outcome, reason, 'user'])
          assert.equal(asked?.details?.tool, 'delete_chart')
          assert.ok(JSON.stringify(decided?.sealed.answer).includes(answers))
          assert.ok(JSON.stringify(records.map(({ sealed }) => sealed)).includes('Delete the chart?'))
          const last = records.findLast(({ action }) => action === 'tool_completed')
          assert.ok(decided !== undefined && last !== undefined && decided.seq < last.seq)
        })
      }
    })
  }
}

for (const kind of MEMORY) {
  test(`${kind.name}: a question that both ends see is one`, async () => {
    const done = await agent.during(async () => {
      const link = await kind.connect({ client: audit, server: audit, answers: 'accept' }, served)
      await link.callTool('delete_chart', {})
      await link.close()
    })
    assert.equal(approvals(await done.recorded()).length, 2)
  })
}

for (const kind of MEMORY) {
  for (const end of ['client', 'server'] as const) {
    test(`${kind.name}, the ${end} audited: where the question cannot be recorded, nobody answers it`, async () => {
      await agent.renew()
      const refusing: Served = {
        async tool(_given, { ask }) {
          agent.refuse()
          return { content: [{ type: 'text', text: await ask('Delete the chart?') }] }
        },
      }
      const done = await agent.during(async () => {
        const link = await kind.connect({ [end]: agent.audit, answers: 'accept' }, refusing)
        return link.callTool('delete_chart', {}).finally(() => link.close())
      })
      assert.ok(!JSON.stringify(done.result ?? '').includes('accept'))
      assert.ok(done.error instanceof Error)
    })
  }
}
