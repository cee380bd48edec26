// Calls that nobody waits for any more: given up, timed out, or with their connection gone. Each has its outcome on record.

import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'

import { auditedAgent, type Recorded } from './audited-agent.ts'
import { HTTP, type Link, MEMORY, type Served } from './mcp-links.ts'
import { hold } from './mock-answer.ts'

const agent = await auditedAgent()
after(() => agent.close())

/** A tool that runs until its call is given up. */
function waiting(): { served: Served; reached: Promise<void> } {
  const reached = Promise.withResolvers<void>()
  const served: Served = {
    tool: (_given, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('given up')))
        reached.resolve()
      }),
  }
  return { served, reached: reached.promise }
}

function endings(records: readonly Recorded[]): unknown[] {
  return records.filter(({ action }) => action === 'tool_completed').map(({ details }) => details?.ended)
}

for (const kind of [...MEMORY, ...HTTP]) {
  for (const end of ['client', 'server'] as const) {
    suite(`${kind.name}, the ${end} audited`, () => {
      const leaving: readonly (readonly [string, (link: Link, reached: Promise<void>) => Promise<unknown>, string])[] =
        [
          [
            'a call that is given up is cancelled',
            (link, reached) => {
              const giveUp = new AbortController()
              void reached.then(() => giveUp.abort())
              return link.callTool('wait', {}, { signal: giveUp.signal })
            },
            'cancelled',
          ],
          ['a call that times out is cancelled', (link) => link.callTool('wait', {}, { timeout: 100 }), 'cancelled'],
        ]
      for (const [what, leave, ended] of leaving) {
        test(what, async () => {
          const { served, reached } = waiting()
          let link: Link | undefined
          const done = await agent.during(async () => {
            link = await kind.connect({ [end]: agent.audit }, served)
            return leave(link, reached)
          })
          assert.ok(done.error instanceof Error)
          assert.deepEqual(endings(await done.recorded({ until: 'tool_completed' })), [ended])
          await link?.close()
        })
      }

      test(`a call whose connection goes is ${end === 'client' ? 'cut' : 'cancelled'}`, async () => {
        const { served, reached } = waiting()
        const done = await agent.during(async () => {
          const link = await kind.connect({ [end]: agent.audit }, served)
          void reached.then(() => link.close())
          return link.callTool('wait', {})
        })
        assert.ok(done.error instanceof Error)
        assert.deepEqual(endings(await done.recorded({ until: 'tool_completed' })), [
          end === 'client' ? 'cut' : 'cancelled',
        ])
      })
    })
  }
}

for (const kind of MEMORY) {
  for (const end of ['client', 'server'] as const) {
    test(`${kind.name}, the ${end} audited: a call that is given up while it is being recorded does not run`, async () => {
      let ran = 0
      const served: Served = {
        async tool() {
          ran++
          return { content: [] }
        },
      }
      const recording = hold()
      const giveUp = new AbortController()
      const done = await agent.during(async () => {
        const link = await kind.connect({ [end]: agent.audit }, served)
        agent.pause(recording)
        const call = link.callTool('wait', {}, { signal: giveUp.signal })
        await recording.reached
        giveUp.abort()
        await assert.rejects(call)
        recording.release()
        return link
      })
      assert.equal(done.error, undefined)
      assert.deepEqual(endings(await done.recorded({ until: 'tool_completed' })), ['cancelled'])
      await done.result?.close()
      await agent.renew()
      assert.equal(ran, 0)
    })
  }
}
