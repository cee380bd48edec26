// One message of an OpenAI chat: parsed strictly where a record depends on it, forgiving where exporters differ.

import type { JsonValue } from '../bytes/json.ts'
import type { UnixMillis } from '../clock/clock.ts'
import { type Content, parseContent } from './chat-content.ts'
import { ImportFault } from './fault.ts'
import { idAt, isObject, type JsonObject, kindOf, listAt, member, objectAt, textAt } from './json-members.ts'
import { parseMessageTime } from './message-time.ts'

/** A tool call as the model asked for it. `arguments` is its text, whatever that text holds. */
export interface Call {
  readonly id?: string
  readonly name: string
  readonly arguments: string | JsonObject
}

interface Common {
  readonly content: Content
  readonly at: UnixMillis | undefined
  /** Members that mean something and that no record takes up: `messages[].name`. */
  readonly unread: readonly string[]
}

export type InstructionMessage = Common & {
  readonly role: 'system' | 'developer'
  readonly raw: JsonValue
  readonly author: string | undefined
}
export type UserMessage = Common & { readonly role: 'user'; readonly user: string | undefined }
export type AssistantMessage = Common & {
  readonly role: 'assistant'
  readonly refusal: string | undefined
  readonly calls: readonly Call[]
  readonly error: string | JsonObject | undefined
}
export type ResultMessage = Common & {
  readonly role: 'tool' | 'function'
  readonly call_id: string | undefined
  readonly name: string | undefined
  readonly flagged: 'error' | 'unflagged'
}
export type Message = InstructionMessage | UserMessage | AssistantMessage | ResultMessage

const COMMON = ['role', 'content', 'created_at', 'timestamp']
const MEMBERS: Readonly<Record<Message['role'], readonly string[]>> = {
  system: [...COMMON, 'user'],
  developer: [...COMMON, 'user'],
  user: [...COMMON, 'user'],
  assistant: [...COMMON, 'refusal', 'tool_calls', 'function_call', 'error'],
  tool: [...COMMON, 'tool_call_id', 'name', 'is_error'],
  function: [...COMMON, 'name', 'is_error'],
}

/** @throws ImportFault with the path of the first thing that is wrong */
export function parseMessage(value: JsonValue, path: string): Message {
  const message = objectAt(value, path)
  const role = roleOf(message, path)
  const common = {
    content: parseContent(member(message, 'content'), `${path}.content`),
    at: timeOf(message, path),
    unread: unreadMembers(message, MEMBERS[role], 'messages[]'),
  }
  switch (role) {
    case 'system':
    case 'developer':
      return { ...common, role, raw: needContent(message, path), author: idAt(message, 'user', `${path}.user`) }
    case 'user':
      needContent(message, path)
      return { ...common, role, user: idAt(message, 'user', `${path}.user`) }
    case 'assistant':
      return { ...common, role, ...parseAnswer(message, path) }
    case 'tool':
    case 'function':
      return { ...common, role, ...parseResult(message, role, path) }
  }
}

function roleOf(message: JsonObject, path: string): Message['role'] {
  const role = textAt(message, 'role', `${path}.role`)
  const known = Object.keys(MEMBERS)
  if (role !== undefined && isRole(role)) return role
  const found = role === undefined ? 'is missing' : `${JSON.stringify(role.slice(0, 40))} is unknown`
  throw new ImportFault(`${path}.role`, `${found}; a role is one of ${known.join(', ')}`)
}

function isRole(role: string): role is Message['role'] {
  return Object.hasOwn(MEMBERS, role)
}

function timeOf(message: JsonObject, path: string): UnixMillis | undefined {
  for (const key of ['created_at', 'timestamp']) {
    const value = member(message, key)
    if (value !== undefined) return parseMessageTime(value, `${path}.${key}`)
  }
  return undefined
}

// `null` is an empty message, and recorded as one; a message without the member was cut by somebody.
function needContent(message: JsonObject, path: string): JsonValue {
  if (message.content !== undefined) return message.content
  throw new ImportFault(`${path}.content`, 'is missing')
}

function parseAnswer(message: JsonObject, path: string): Pick<AssistantMessage, 'refusal' | 'calls' | 'error'> {
  const calls = listAt(message, 'tool_calls', `${path}.tool_calls`).map((call, i) =>
    parseCall(call, `${path}.tool_calls[${i}]`),
  )
  const legacy = member(message, 'function_call')
  if (legacy !== undefined) calls.push(parseFunction(legacy, 'arguments', `${path}.function_call`))
  const refusal = textAt(message, 'refusal', `${path}.refusal`)
  const error = errorOf(message, `${path}.error`)
  if (calls.length === 0 && refusal === undefined && error === undefined) needContent(message, path)
  return { refusal, calls, error }
}

function errorOf(message: JsonObject, path: string): string | JsonObject | undefined {
  const error = member(message, 'error')
  if (error === undefined || typeof error === 'string' || isObject(error)) return error
  throw new ImportFault(path, `must be text or an object, not ${kindOf(error)}`)
}

function parseCall(value: JsonValue, path: string): Call {
  const call = objectAt(value, path)
  const type = textAt(call, 'type', `${path}.type`) ?? 'function'
  if (type !== 'function' && type !== 'custom') {
    throw new ImportFault(`${path}.type`, `${JSON.stringify(type.slice(0, 40))} is unknown; function or custom`)
  }
  const asked = parseFunction(call[type], type === 'function' ? 'arguments' : 'input', `${path}.${type}`)
  const id = textAt(call, 'id', `${path}.id`)
  return id === undefined ? asked : { ...asked, id }
}

function parseFunction(value: JsonValue | undefined, input: 'arguments' | 'input', path: string): Call {
  const asked = objectAt(value, path)
  const name = textAt(asked, 'name', `${path}.name`)
  if (name === undefined || name === '') throw new ImportFault(`${path}.name`, 'is missing')
  const given = member(asked, input) ?? ''
  if (typeof given === 'string' || isObject(given)) return { name, arguments: given }
  throw new ImportFault(`${path}.${input}`, `must be text or an object, not ${kindOf(given)}`)
}

function parseResult(
  message: JsonObject,
  role: 'tool' | 'function',
  path: string,
): Pick<ResultMessage, 'call_id' | 'name' | 'flagged'> {
  const call_id = role === 'tool' ? textAt(message, 'tool_call_id', `${path}.tool_call_id`) : undefined
  const name = textAt(message, 'name', `${path}.name`)
  if (call_id === undefined && name === undefined) {
    const missing = role === 'tool' ? 'tool_call_id' : 'name'
    throw new ImportFault(`${path}.${missing}`, 'is missing: nothing says which call this answers')
  }
  return { call_id, name, flagged: member(message, 'is_error') === true ? 'error' : 'unflagged' }
}

/** Members that no rule reads, under a path without numbers. Empty ones (`null`, `[]`) say nothing that could be lost. */
export function unreadMembers(object: JsonObject, read: readonly string[], path: string): string[] {
  return Object.entries(object)
    .filter(([key, value]) => !read.includes(key) && value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([key]) => (path === '' ? key : `${path}.${key}`))
}
