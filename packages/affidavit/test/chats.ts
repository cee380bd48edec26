// Chats in OpenAI format for tests: arbitrary ones, and a naive count of the records they should give.

import fc from 'fast-check'

export interface ChatMessage {
  readonly role: string
  readonly content?: unknown
  readonly tool_calls?: readonly { id: string; type: 'function'; function: { name: string; arguments: string } }[]
  readonly tool_call_id?: string
  readonly function_call?: { readonly name: string; readonly arguments: unknown }
  readonly name?: string
  readonly error?: unknown
  readonly refusal?: string
  readonly created_at?: string | number | undefined
  readonly user?: string | undefined
}

export interface ChatLine {
  readonly messages: readonly ChatMessage[]
  readonly id?: string
  readonly user?: string
  readonly agent?: string
  readonly tools?: readonly unknown[]
}

/** Long enough that an occurrence in a record is no accident. */
const words = fc.string({ unit: 'grapheme', minLength: 12, maxLength: 60 })
const tool = fc.constantFrom('get_chart', 'send_document', 'request_approval', 'think', 'unheard_of')
const call_id = fc.constantFrom('call_1', 'call_2', 'call_3', 'an id with spaces')
const time = fc.option(
  fc.constantFrom<string | number>('2026-03-09T08:52:10Z', '2026-03-09T10:52:10.25+02:00', 1_773_046_330.5),
  { nil: undefined },
)
const patient = fc.oneof(fc.constantFrom<unknown>('PT-1', 7, ['PT-1', 'PT-2'], null, {}), words)

const parts = fc.array(
  fc.oneof(
    words.map((text) => ({ type: 'text', text })),
    words.map((url) => ({ type: 'image_url', image_url: { url } })),
    words.map((type) => ({ type })),
  ),
  { maxLength: 3 },
)
const content = fc.oneof({ weight: 4, arbitrary: words }, parts, fc.constantFrom(null, ''))
const result = fc.oneof(
  content,
  words.map((text) => `Error: ${text}`),
  fc.record({ denied: fc.boolean(), note: words }).map((value) => JSON.stringify(value)),
  fc
    .record({ decision: fc.constantFrom('approved', 'no', 'later'), approver: patient })
    .map((value) => JSON.stringify(value)),
)
const call = fc.record({ id: call_id, name: tool, patient, note: words }).map(({ id, name, ...given }) => ({
  id,
  type: 'function' as const,
  function: { name, arguments: JSON.stringify(given) },
}))

const errorType = fc.oneof(
  fc.constant('timeout'),
  words.map((text) => `? ${text}`),
)

const message: fc.Arbitrary<ChatMessage> = fc.oneof(
  fc.record({ role: fc.constantFrom('system', 'developer'), content: words, created_at: time }),
  fc.record({ role: fc.constant('user'), content, created_at: time, user: fc.constantFrom('u-1', undefined) }),
  fc.record({ role: fc.constant('assistant'), content, created_at: time }),
  fc.record({
    role: fc.constant('assistant'),
    content,
    tool_calls: fc.array(call, { minLength: 1, maxLength: 3 }),
    created_at: time,
  }),
  fc.record({ role: fc.constant('assistant'), content: fc.constant(null), refusal: words }),
  fc.record({
    role: fc.constant('assistant'),
    content: fc.constant(null),
    error: fc.record({ type: errorType, message: words }),
  }),
  fc.record({ role: fc.constant('tool'), tool_call_id: call_id, content: result, created_at: time }),
  fc.record({ role: fc.constant('function'), name: tool, content: result }),
)

export const chatLine: fc.Arbitrary<ChatLine> = fc
  .record(
    {
      messages: fc.array(message, { minLength: 1, maxLength: 12 }),
      id: fc.constantFrom('c-1', 'c-2'),
      user: fc.constant('nurse-11'),
      agent: fc.constant('larkspur-assistant'),
      tools: fc.constant([
        { type: 'function', function: { name: 'get_chart', description: 'opens the chart of a patient' } },
      ]),
    },
    { requiredKeys: ['messages'] },
  )
  .map((line) => withoutUndefined(line))

// Undefined members, as they are in no JSON text.
function withoutUndefined(line: ChatLine): ChatLine {
  return JSON.parse(JSON.stringify(line))
}

/** Records by action that a chat gives without a registry. Counts messages only, in the simplest way. */
export function naiveCounts(line: ChatLine): Record<string, number> {
  const counts: Record<string, number> = { conversation_started: 1, conversation_ended: 1 }
  const add = (action: string, count = 1): void => {
    if (count > 0) counts[action] = (counts[action] ?? 0) + count
  }
  const talk = line.messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  const leading = talk === -1 ? line.messages.length : talk
  if (leading > 0 || line.tools !== undefined) add('prompt_changed')
  for (const { role, ...rest } of line.messages.slice(leading)) {
    if (role === 'system' || role === 'developer') add('prompt_changed')
    if (role === 'user') add('user_message_received')
    if (role === 'assistant') {
      const empty = rest.content === null || rest.content === '' || String(rest.content) === ''
      const silent = rest.tool_calls !== undefined || rest.error !== undefined
      if (!empty || rest.refusal !== undefined || !silent) add('agent_response_generated')
      add('tool_invoked', rest.tool_calls?.length ?? 0)
      if (rest.error !== undefined) add('agent_failed')
    }
    if (role !== 'tool' && role !== 'function') continue
    add('tool_completed')
    add(/^\{.*"denied":true/.test(String(rest.content)) ? 'access_denied' : 'data_accessed')
  }
  return counts
}

/** Every text inside a JSON value, keys left out. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

/** A body as the file has it: a text word for word, or a value. */
export type NaiveContent = { readonly name: string } & ({ readonly text: string } | { readonly value: unknown })

/** What the records of a chat should seal, in their order. Walks the messages in the simplest way. */
export function naiveContents(line: ChatLine): NaiveContent[] {
  const instruction = ({ role, content }: ChatMessage): unknown => ({ role, content })
  const talk = line.messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  const leading = line.messages.slice(0, talk === -1 ? line.messages.length : talk)
  const contents: NaiveContent[] = []
  if (leading.length > 0) contents.push({ name: 'instructions', value: leading.map(instruction) })
  if (line.tools !== undefined) contents.push({ name: 'tools', value: line.tools })
  for (const message of line.messages.slice(leading.length)) {
    const { role, content, refusal, tool_calls = [], error } = message
    if (role === 'system' || role === 'developer')
      contents.push({ name: 'instructions', value: [instruction(message)] })
    else {
      const name = role === 'tool' || role === 'function' ? 'result' : 'message'
      if (typeof content === 'string' && content !== '') contents.push({ name, text: content })
      if (Array.isArray(content) && content.length > 0) contents.push({ name, value: content })
    }
    if (refusal !== undefined) contents.push({ name: 'refusal', text: refusal })
    for (const call of tool_calls) contents.push({ name: 'arguments', text: call.function.arguments })
    if (error !== undefined) contents.push({ name: 'error', value: error })
  }
  return contents
}
