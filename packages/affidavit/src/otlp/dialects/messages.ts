// Messages in the form of the conventions (docs/gen-ai/gen-ai-input-messages.json of the conventions), and what emitters write instead.

import type { JsonValue } from '../../bytes/json.ts'
import { isObject, type JsonObject, memberOf } from '../read-value.ts'
import type { Message, Part } from '../step.ts'
import { toldOf } from './read-told.ts'

/** `undefined` where the value is no list of messages. */
export function messagesOf(value: JsonValue): readonly Message[] | undefined {
  const list = Array.isArray(value) ? value : [value]
  const messages = list.map((one) => (isObject(one) ? messageOf(one, undefined) : undefined))
  return messages.every((one) => one !== undefined) ? messages : undefined
}

/** `{role, parts}`, or `{role, content, tool_calls, id}` as chats of providers have it. `undefined` without any of these. */
export function messageOf(value: JsonObject, assumed: string | undefined): Message | undefined {
  const role = textIn(value, 'role') ?? assumed
  const parts = memberOf(value, 'parts')
  const isMessage = role !== undefined && (parts === undefined || Array.isArray(parts))
  if (!isMessage) return undefined
  return {
    role,
    parts: Array.isArray(parts) ? parts.map(partOf) : partsOfChat(value, role),
    name: textIn(value, 'name'),
    finishReason: textIn(value, 'finish_reason'),
  }
}

/** Instructions: a list of parts, or a text. */
export function partsOf(value: JsonValue): readonly Part[] {
  return Array.isArray(value) ? value.map(partOf) : [partOf(value)]
}

export function textPart(content: string): Part {
  return { type: 'text', content }
}

export function callPart(call: {
  readonly id?: string | undefined
  readonly name: string
  readonly arguments: JsonValue
}): Part {
  const { id, name } = call
  return { type: 'tool_call', ...(id === undefined ? {} : { id }), name, arguments: call.arguments }
}

export function resultPart(id: string | undefined, response: JsonValue): Part {
  return { type: 'tool_call_response', ...(id === undefined ? {} : { id }), response }
}

// What is no part is one of its own kind: nothing is left out for its form.
function partOf(value: JsonValue): Part {
  if (typeof value === 'string') return textPart(value)
  if (!isObject(value)) return { type: 'unknown', value }
  const type = textIn(value, 'type') ?? 'unknown'
  if (type === 'tool_call_response' && memberOf(value, 'response') === undefined && Object.hasOwn(value, 'result')) {
    const { result = null, ...rest } = value
    return { ...rest, type, response: result }
  }
  return { ...value, type }
}

function partsOfChat(value: JsonObject, role: string): readonly Part[] {
  const content = memberOf(value, 'content')
  const id = textIn(value, 'id') ?? textIn(value, 'tool_call_id')
  if (role === 'tool') return [resultPart(id, content ?? null)]
  const said = content === undefined || content === '' ? [] : partsOf(content)
  const calls = memberOf(value, 'tool_calls')
  return [...said, ...(Array.isArray(calls) ? calls.map(callOf) : [])]
}

function callOf(value: JsonValue): Part {
  const call = isObject(value) ? value : {}
  const called = memberOf(call, 'function')
  const { name, args } = isObject(called)
    ? { name: textIn(called, 'name'), args: memberOf(called, 'arguments') }
    : { name: textIn(call, 'name'), args: memberOf(call, 'arguments') }
  if (name === undefined) return { type: 'tool_call', name: '', value }
  const told = toldOf(args)
  return callPart({ id: textIn(call, 'id'), name, arguments: told?.state === 'told' ? told.value : (args ?? null) })
}

function textIn(object: JsonObject, name: string): string | undefined {
  const value = memberOf(object, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}
