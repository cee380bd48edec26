// What a provider was asked and what it sent, and what the AI SDK says of the same, as one list: who said what, in order.

import type { Recorded } from './audited-agent.ts'
import type { MockCall } from './mock-provider.ts'

type Said = readonly [who: string, ...what: unknown[]]

/** Of a call of chat completions. */
export function askedOnWire(call: MockCall | undefined): readonly Said[] {
  const { messages } = JSON.parse(call?.body ?? '{"messages":[]}')
  return messages.flatMap(saidOnWire)
}

interface WireMessage {
  readonly role: string
  readonly content: string | null
  readonly tool_call_id?: string
  readonly tool_calls?: readonly { readonly id: string; readonly function: { name: string; arguments: string } }[]
}

function saidOnWire({ role, content, tool_call_id, tool_calls = [] }: WireMessage): Said[] {
  if (role === 'tool') return [['result', tool_call_id, JSON.parse(content ?? '')]]
  const calls = tool_calls.map(
    ({ id, function: asked }) => ['call', id, asked.name, JSON.parse(asked.arguments)] as const,
  )
  return [...(content ? [[role, content] as const] : []), ...calls]
}

/** Of a `model_invoked`, with the requests that it continues. */
export function askedOnRecord(records: readonly Recorded[], invoked: Recorded | undefined): readonly Said[] {
  return messagesOf(records, invoked).flatMap(saidOnRecord)
}

function messagesOf(records: readonly Recorded[], invoked: Recorded | undefined): readonly SdkMessage[] {
  if (invoked === undefined) return []
  const { messages } = invoked.sealed.request as { readonly messages: readonly SdkMessage[] }
  const { continues, messages_kept } = invoked.details ?? {}
  if (typeof continues !== 'string' || typeof messages_kept !== 'number') return messages
  const before = records.find(({ id }) => id === continues)
  return [...messagesOf(records, before).slice(0, messages_kept), ...messages]
}

interface SdkMessage {
  readonly role: string
  readonly content: string | readonly SdkPart[]
}

interface SdkPart {
  readonly type: string
  readonly text?: string
  readonly toolCallId?: string
  readonly toolName?: string
  readonly input?: unknown
  readonly output?: { readonly value: unknown }
}

function saidOnRecord({ role, content }: SdkMessage): Said[] {
  if (typeof content === 'string') return [[role, content]]
  return content.map((part) => {
    if (part.type === 'tool-call') return ['call', part.toolCallId, part.toolName, part.input]
    if (part.type === 'tool-result') return ['result', part.toolCallId, part.output?.value]
    return [role, part.text]
  })
}

/** What of the answer's text was put on the wire. */
export function textSent({ sent: { body } }: MockCall): string {
  if (!body.startsWith('data:')) return JSON.parse(body).choices[0].message.content ?? ''
  const deltas = [...body.matchAll(/"delta":(\{.*?\})/g)].map(([, delta]) => JSON.parse(delta ?? ''))
  return deltas.map(({ content }) => content ?? '').join('')
}
