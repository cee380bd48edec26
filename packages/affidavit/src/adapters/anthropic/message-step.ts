// What a request for a message says, as a step of an agent (Anthropic, "Create a message"). Pure.

import { present } from '../../bytes/present.ts'
import type { ModelStep, SeenMessage, SeenResult } from '../../capture/steps.ts'
import { listOf, parsed, partsText, type Shape, shapeOf, textOf } from '../wire/shape.ts'

/** A request as it is handed to the client's middleware, or its fetch. */
export interface MessageRequest {
  readonly url: string
  readonly method?: string | undefined
  readonly headers: Headers
  readonly body?: unknown
}

/** `undefined` where the request asks for no message. */
export function messageStep(request: MessageRequest): ModelStep | undefined {
  const { origin, pathname } = new URL(request.url)
  if (request.method?.toUpperCase() !== 'POST' || !/\/v1\/messages\/?$/.test(pathname)) return undefined
  const { system, tools, messages, ...parameters } = bodyOf(request)
  return {
    sdk: '@anthropic-ai/sdk',
    layer: 'client',
    operation: 'messages',
    recipient: origin,
    stream: parameters.stream === true,
    instructions: [system ?? []].flat(),
    tools: listOf(tools),
    messages: listOf(messages).map(seenMessage),
    parameters: { ...parameters, ...withoutTokens(parameters), ...featuresIn(request) },
    ...present({ model: textOf(parameters.model), previous_response_id: previousId(parameters) }),
  }
}

/** A client writes JSON. What somebody put in its place is named by its kind. */
function bodyOf({ body }: MessageRequest): Shape {
  const value = parsed(textOf(body) ?? '')
  return value === undefined ? { not_json: Object.prototype.toString.call(body) } : shapeOf(value)
}

/** A thread goes on from a message of the provider's, and sends neither instructions nor tools again. */
function previousId({ thread }: Shape): string | undefined {
  const { type, previous_message_id } = shapeOf(thread)
  return type === 'continue' ? textOf(previous_message_id) : undefined
}

function seenMessage(value: unknown): SeenMessage {
  const { role, content } = shapeOf(value)
  const text = partsText(content)
  const results = listOf(content).flatMap(seenResult)
  const told = results.length === 0 ? {} : { results }
  switch (role) {
    case 'user':
      // Results of tools travel in the user's name. With words beside them, it is the user who speaks.
      return text === '' && results.length > 0 ? { role: 'tool', value, ...told } : { role, value, text, ...told }
    case 'assistant':
      return { role, value }
    case 'system':
      return { role: 'instructions', value }
    default:
      return { role: 'other', value }
  }
}

function seenResult(block: unknown): SeenResult[] {
  const { type, tool_use_id, content, is_error } = shapeOf(block)
  const call_id = textOf(tool_use_id)
  if (type !== 'tool_result' || call_id === undefined) return []
  return [{ call_id, value: content ?? null, ...(is_error === true ? { failed: true } : {}) }]
}

/** What lets the provider into a server of somebody else is nothing for a record. */
function withoutTokens({ mcp_servers }: Shape): Shape {
  if (!Array.isArray(mcp_servers)) return {}
  return { mcp_servers: mcp_servers.map((server) => withheld(shapeOf(server))) }
}

function withheld(server: Shape): Shape {
  return textOf(server.authorization_token) === undefined ? server : { ...server, authorization_token: '[withheld]' }
}

/** Features are asked for in a header. */
function featuresIn({ headers }: MessageRequest): Shape {
  return present({ 'anthropic-beta': headers.get('anthropic-beta') ?? undefined })
}
