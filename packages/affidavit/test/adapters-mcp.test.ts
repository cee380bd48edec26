// Tools that are called and resources that are read by the Model Context Protocol are on record, at whichever end is audited.

import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'

import { auditedAgent, type Recorded } from './audited-agent.ts'
import { HTTP, MEMORY, type Served } from './mcp-links.ts'

const agent = await auditedAgent()
after(() => agent.close())
const { audit } = agent

const served: Served = {
  async tool({ city }) {
    if (city === 'Atlantis') return { content: [{ type: 'text', text: 'sunk' }], isError: true }
    if (city === 'Nowhere') throw new Error('no such city')
    return { content: [{ type: 'text', text: `sunny in ${city}` }] }
  },
  async resource(uri) {
    if (uri === 'chart://none') throw new Error('no such chart')
    return 'a chart'
  },
}

const STEPS = /^(tool_|data_|approval_)/
function steps(records: readonly Recorded[]): readonly Recorded[] {
  return records.filter(({ action }) => STEPS.test(action))
}
function outcomes(records: readonly Recorded[]): unknown[] {
  return records
    .filter(({ action }) => action === 'tool_completed')
    .map(({ outcome, details }) => [outcome, details?.ended])
}

// With what the protocol adds to a result the tests have nothing to do.
function contentOf(result: unknown): unknown {
  return typeof result === 'object' && result !== null && 'content' in result ? result.content : undefined
}

for (const kind of [...MEMORY, ...HTTP]) {
  for (const end of ['client', 'server'] as const) {
    suite(`${kind.name}, the ${end} audited`, () => {
      test('calls at once are recorded with their own arguments and results', async () => {
        const done = await agent.during(async () => {
          const link = await kind.connect({ [end]: audit }, served)
          await Promise.all(['Paris', 'Rome', 'Oslo'].map((city) => link.callTool('get_weather', { city })))
          await link.close()
        })
        assert.equal(done.error, undefined)
        const records = await done.recorded()
        const invoked = records.filter(({ action }) => action === 'tool_invoked')
        const told = invoked.map(({ id, sealed, details }) => {
          const completed = records.find((one) => one.action === 'tool_completed' && one.parent_id === id)
          return [details?.tool, details?.layer, sealed.arguments, completed?.sealed.result]
        })
        const layer = end === 'client' ? 'client' : 'transport'
        assert.deepEqual(
          told.map(([tool, layer, given, result]) => [tool, layer, given, contentOf(result)]),
          ['Paris', 'Rome', 'Oslo'].map((city) => [
            'get_weather',
            layer,
            { city },
            [{ type: 'text', text: `sunny in ${city}` }],
          ]),
        )
      })

      test('a tool that says that it failed has failed, and one that throws is an error', async () => {
        const done = await agent.during(async () => {
          const link = await kind.connect({ [end]: audit }, served)
          await link.callTool('get_weather', { city: 'Atlantis' })
          await assert.rejects(link.callTool('get_weather', { city: 'Nowhere' }), /no such city/)
          await link.close()
        })
        assert.equal(done.error, undefined)
        const records = await done.recorded()
        assert.deepEqual(outcomes(records), [
          ['failure', 'complete'],
          ['error', 'failed'],
        ])
        assert.equal(records.findLast(({ action }) => action === 'tool_completed')?.sealed.error, 'no such city')
      })

      test('a resource that is read is data that is accessed', async () => {
        const done = await agent.during(async () => {
          const link = await kind.connect({ [end]: audit }, served)
          await link.readResource('chart://p-42')
          await assert.rejects(link.readResource('chart://none'), /no such chart/)
          await link.close()
        })
        assert.equal(done.error, undefined)
        const records = await done.recorded()
        const accessed = records.filter(({ action }) => action === 'data_accessed')
        assert.deepEqual(
          accessed.map(({ outcome, resource_type, details }) => [outcome, resource_type, details?.access]),
          [
            ['success', 'mcp_resource', 'read'],
            ['error', 'mcp_resource', 'read'],
          ],
        )
        const [invoked] = steps(records)
        assert.deepEqual(invoked?.sealed.arguments, { uri: 'chart://p-42' })
      })
    })
  }
}

for (const kind of MEMORY) {
  test(`${kind.name}: a call that both ends see is one`, async () => {
    const done = await agent.during(async () => {
      const link = await kind.connect({ client: audit, server: audit }, served)
      await Promise.all(['Paris', 'Rome'].map((city) => link.callTool('get_weather', { city })))
      await link.readResource('chart://p-42')
      await link.close()
    })
    assert.equal(done.error, undefined)
    const records = await done.recorded()
    assert.deepEqual(outcomes(records), [
      ['success', 'complete'],
      ['success', 'complete'],
      ['success', 'complete'],
    ])
    assert.equal(records.filter(({ action }) => action === 'tool_invoked').length, 3)
  })

  test(`${kind.name}: a tool of the agent that calls another one by this client has two records`, async () => {
    const weather = audit.tool('ask_weather', async (city: string) => {
      const link = await kind.connect({ client: audit }, served)
      await link.callTool('get_weather', { city })
      await link.close()
    })
    const done = await agent.during(() => weather('Paris'))
    const invoked = (await done.recorded()).filter(({ action }) => action === 'tool_invoked')
    assert.deepEqual(
      invoked.map(({ details }) => details?.tool),
      ['ask_weather', 'get_weather'],
    )
  })
}

test('a resource that comes from the cache of the client was accessed all the same', async () => {
  const [, , kind] = HTTP
  let reads = 0
  const resource = async (): Promise<string> => `read ${++reads}`
  const done = await agent.during(async () => {
    const link = await kind?.connect({ client: audit }, { ...served, resource })
    for (let i = 0; i < 3; i++) await link?.readResource('chart://p-42')
    await link?.close()
  })
  assert.equal(done.error, undefined)
  assert.equal(reads, 1)
  const accessed = (await done.recorded()).filter(({ action }) => action === 'data_accessed')
  assert.equal(accessed.length, 3)
})
