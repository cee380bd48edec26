// With a ledger that refuses, no tool runs and no result is handed on, whichever end is audited.

import assert from 'node:assert/strict'
import { after, beforeEach, suite, test } from 'node:test'

import { LedgerError } from '../src/index.ts'
import { auditedAgent } from './audited-agent.ts'
import { HTTP, type Link, MEMORY, type Served } from './mcp-links.ts'

const agent = await auditedAgent()
after(() => agent.close())

let ran = 0
beforeEach(async () => {
  await agent.renew()
  ran = 0
})

const served: Served = {
  async tool(given) {
    ran++
    if (given.thenRefuse === true) agent.refuse()
    return { content: [{ type: 'text', text: 'sunny' }] }
  },
  async resource() {
    ran++
    return 'a chart'
  },
}

/** What comes of some work through a link. */
async function failing(
  kind: (typeof MEMORY)[number],
  end: 'client' | 'server',
  work: (link: Link) => Promise<unknown>,
): Promise<unknown> {
  const done = await agent.during(async () => {
    const link = await kind.connect({ [end]: agent.audit }, served)
    try {
      return await work(link)
    } finally {
      await link.close()
    }
  })
  assert.equal(done.result, undefined)
  return done.error
}

function isUnavailable(error: unknown): asserts error is Error & { code: number; data?: unknown } {
  assert.ok(error instanceof Error && 'code' in error)
  assert.equal(error.code, -32_603)
  assert.match(error.message, /audit log unavailable$/)
}

for (const kind of [...MEMORY, ...HTTP]) {
  suite(kind.name, () => {
    for (const [what, use] of [
      ['a tool', (link: Link) => link.callTool('get_weather', {})],
      ['a resource', (link: Link) => link.readResource('chart://p-42')],
    ] as const) {
      test(`the client audited: ${what} is not asked for, and the caller gets the error of the ledger`, async () => {
        const error = await failing(kind, 'client', (link) => {
          agent.refuse()
          return use(link)
        })
        assert.ok(error instanceof LedgerError)
        assert.equal(error.code, 'ledger-closed')
        assert.equal(ran, 0)
      })

      test(`the server audited: ${what} does nothing, and the caller learns that there is no audit log`, async () => {
        const error = await failing(kind, 'server', (link) => {
          agent.refuse()
          return use(link)
        })
        isUnavailable(error)
        assert.equal(error.data, undefined)
        assert.equal(ran, 0)
      })
    }

    test('the client audited: a result that is not on record is not handed on', async () => {
      const error = await failing(kind, 'client', (link) => link.callTool('get_weather', { thenRefuse: true }))
      isUnavailable(error)
      assert.ok(error.data instanceof LedgerError)
      assert.equal(ran, 1)
    })

    test('the server audited: a result that is not on record is not sent', async () => {
      const error = await failing(kind, 'server', (link) => link.callTool('get_weather', { thenRefuse: true }))
      isUnavailable(error)
      assert.equal(ran, 1)
    })
  })
}
