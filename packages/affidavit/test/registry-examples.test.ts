// The example registries know what their agents do: every tool of the demo, and of a public set of conversations where
// it lies beside the checkout.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'

import { checkRegistry, type Seen } from '../src/registry/check.ts'
import { type Call, classifyCall } from '../src/registry/classify.ts'
import { parseRegistry } from '../src/registry/parse.ts'
import { judgeRecipient } from '../src/registry/recipient.ts'
import type { Registry } from '../src/registry/registry.ts'
import { sharedFolder } from './shared-vectors.ts'

const root = join(import.meta.dirname, '../../..')
const demo = join(import.meta.dirname, '../demo')
const NOTHING: Seen = { tools: [], sources: [], agents: [], channels: [], recipients: [] }

function example(name: string): Registry {
  return parseRegistry(readFileSync(join(root, 'examples/registry', name), 'utf8'), 'yaml', name)
}

interface Conversation {
  readonly agent?: string
  readonly messages: readonly {
    readonly role: string
    readonly content?: string | null
    readonly tool_call_id?: string
    readonly tool_calls?:
      | readonly { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } }[]
      | null
  }[]
}

/** Every call of some conversations, with its result. */
function callsOf(lines: string): readonly (Call & { readonly tool: string })[] {
  const conversations: readonly Conversation[] = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return conversations.flatMap(({ agent, messages }) => {
    // One id may be used again later in the conversation: the result is the next one that names it.
    const pairs = messages.flatMap((message, i) =>
      (message.tool_calls ?? []).map((call) => ({ call, after: messages.slice(i) })),
    )
    return pairs.map(({ call, after }) => ({
      tool: call.function.name,
      arguments: call.function.arguments,
      result: after.find(({ tool_call_id }) => tool_call_id === call.id)?.content ?? undefined,
      agent,
      channel: undefined,
    }))
  })
}

const CLINIC = example('clinic.yaml')
const clinicCalls = callsOf(readFileSync(join(demo, 'clinic-conversations.jsonl'), 'utf8'))

test('the clinic’s registry knows every tool and agent of the demo, and has no tool that nobody uses', () => {
  const tools = clinicCalls.map(({ tool }) => tool)
  const agents = clinicCalls.map(({ agent }) => agent).filter((agent) => agent !== undefined)
  const { unknown, unused, without_agreement } = checkRegistry(CLINIC, { ...NOTHING, tools, agents })
  assert.deepEqual(unknown, [])
  assert.deepEqual(
    unused.filter(({ kind }) => kind === 'tools' || kind === 'agents'),
    [],
  )
  assert.deepEqual(
    without_agreement.map(({ name }) => name),
    ['Harbour Eye Clinic'],
  )
})

test('the registry of the demo is the example of the clinic', () => {
  const shipped = readFileSync(join(demo, 'clinic-registry.yaml'), 'utf8')
  assert.equal(shipped, readFileSync(join(root, 'examples/registry/clinic.yaml'), 'utf8'))
})

test('of the demo, every id is found where the registry says', () => {
  assert.ok(clinicCalls.length > 0)
  for (const call of clinicCalls) {
    for (const { resource_type, resource_ids, subject_ids } of classifyCall(CLINIC, call).touches) {
      assert.deepEqual([...resource_ids.missing, ...subject_ids.missing], [], `${call.tool}: ${resource_type}`)
    }
  }
})

test('the clinic may send its letters, and its data to the model under agreement only', () => {
  const may = Date.parse('2026-05-04T12:00:00Z')
  const chart = { compliance_domains: ['hipaa'], looked_at: 'wholly' } as const
  assert.equal(judgeRecipient(CLINIC, 'https://models.example/v1/chat', chart, may), 'allowed')
  const later = judgeRecipient(CLINIC, 'https://models.example/v1/chat', chart, Date.parse('2027-01-01T00:00:00Z'))
  assert.ok(later !== 'allowed' && later.on_violation === 'block')
})

const AIRLINE_TOOLS = [
  'book_reservation',
  'calculate',
  'cancel_reservation',
  'get_reservation_details',
  'get_user_details',
  'list_all_airports',
  'search_direct_flight',
  'search_onestop_flight',
  'send_certificate',
  'think',
  'transfer_to_human_agents',
  'update_reservation_baggages',
  'update_reservation_flights',
  'update_reservation_passengers',
]

test('the airline’s registry knows every tool of its agent, and has no tool that nobody uses', () => {
  const { unknown, unused } = checkRegistry(example('airline.yaml'), { ...NOTHING, tools: AIRLINE_TOOLS })
  assert.deepEqual(unknown, [])
  assert.deepEqual(
    unused.filter(({ kind }) => kind === 'tools'),
    [],
  )
})

test('of real conversations with an airline’s agent, every id is found, or the call had failed', (t) => {
  const file = join(sharedFolder() ?? '', 'data/agent-trajectories/airline-gpt-4o.jsonl.gz')
  if (!existsSync(file)) return t.skip('the conversations are not beside this checkout')
  const registry = example('airline.yaml')
  const calls = callsOf(gunzipSync(readFileSync(file)).toString('utf8'))
  assert.deepEqual([...new Set(calls.map(({ tool }) => tool))].sort(), AIRLINE_TOOLS)
  for (const call of calls) {
    const { touches } = classifyCall(registry, call)
    const missing = touches.flatMap((one) => [...one.resource_ids.missing, ...one.subject_ids.missing])
    const failed = call.result === undefined || String(call.result).startsWith('Error')
    assert.ok(missing.length === 0 || failed, `${call.tool}: ${JSON.stringify(missing)}`)
  }
})
