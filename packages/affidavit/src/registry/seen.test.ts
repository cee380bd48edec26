import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createSeenNames } from './seen.ts'

test('records name the tools that were called and declared, and the agents at work, each once', () => {
  const seen = createSeenNames()
  seen.add({ agent_name: 'clinic', details: { tool: 'get_chart' } })
  seen.add({ agent_name: 'clinic', details: { tool: 'get_chart', tools: ['find_slots', 'get_chart', 7] } })
  seen.add({})
  seen.add({ agent_name: 'desk', details: { tool: 7, tools: 'find_slots' } })
  const { tools, agents, unnamed } = seen.names()
  assert.deepEqual([...tools].sort(), ['find_slots', 'get_chart'])
  assert.deepEqual([...agents].sort(), ['clinic', 'desk'])
  assert.equal(unnamed, 2)
})

test('a tool that is told by its digest alone is counted', () => {
  const seen = createSeenNames()
  seen.add({ details: { tool_digest: 'ab'.repeat(32) } })
  assert.deepEqual([seen.names().unnamed, seen.names().tools.size], [1, 0])
})
