// Prompts and answers of the AI SDK, as messages of the conventions (spec/otlp.md §3.2).

import type { JsonValue } from '../../bytes/json.ts'
import { isObject, type JsonObject, memberOf } from '../read-value.ts'
import type { Message, Part, Told } from '../step.ts'
import type { Attributes } from '../telemetry.ts'
import { textOf } from './attribute.ts'
import { callPart, messagesOf, partsOf, resultPart, textPart } from './messages.ts'
import { toldOf } from './read-told.ts'

/** `ai.prompt.messages`: what the model is asked; of embeddings the values. */
export function promptMessages(value: JsonValue): readonly Message[] | undefined {
  const list = Array.isArray(value) ? value : [value]
  return list.map((one) => (isObject(one) && textIn(one, 'role') !== undefined ? message(one) : input(one)))
}

/** `ai.prompt` of a run: `{system, prompt}` or `{system, messages}`. */
export function promptText(value: JsonValue): readonly Message[] | undefined {
  if (!isObject(value)) return [input(value)]
  const system = textIn(value, 'system')
  const prompt = memberOf(value, 'prompt')
  const messages = memberOf(value, 'messages') ?? (Array.isArray(prompt) ? prompt : undefined)
  return [
    ...(system === undefined ? [] : [{ role: 'system', parts: [textPart(system)] }]),
    ...(messages === undefined ? [] : (promptMessages(messages) ?? [])),
    ...(prompt === undefined || Array.isArray(prompt) ? [] : [input(prompt)]),
  ]
}

/** The text, the object and the calls of an answer; `undefined` where none of them is told. */
export function responseMessages(attributes: Attributes): Told<readonly Message[]> | undefined {
  const text = textOf(attributes, 'ai.response.text', 'ai.response.object')
  const reasoning = textOf(attributes, 'ai.response.reasoning')
  const calls = toldOf(attributes.get('ai.response.toolCalls'))
  if (calls?.state === 'unread') return calls
  const asked = calls?.state === 'told' && Array.isArray(calls.value) ? calls.value.map(part) : []
  const parts = [
    ...(reasoning === undefined ? [] : [{ type: 'reasoning', content: reasoning }]),
    ...(text === undefined ? [] : [textPart(text)]),
    ...asked,
  ]
  if (parts.length > 0) return { state: 'told', value: [{ role: 'assistant', parts }] }
  const whole = toldOf(attributes.get('ai.response.text'))
  return whole?.state === 'redacted' ? whole : undefined
}

/** A list of tools, each of them as JSON. */
export function toolSet(value: JsonValue | undefined): Told<JsonValue> | undefined {
  if (!Array.isArray(value)) return toldOf(value)
  const tools = value.map((one) => toldOf(one))
  const broken = tools.find((one) => one?.state === 'unread')
  if (broken !== undefined) return { state: 'unread', text: JSON.stringify(value), why: 'truncated' }
  return { state: 'told', value: tools.map((one) => (one?.state === 'told' ? one.value : null)) }
}

function input(value: JsonValue): Message {
  return { role: 'user', parts: partsOf(value) }
}

function message(value: JsonObject): Message {
  const content = memberOf(value, 'content')
  const role = textIn(value, 'role') ?? 'unknown'
  if (Array.isArray(content)) return { role, parts: content.map(part) }
  return messagesOf(value)?.[0] ?? { role, parts: [] }
}

function part(value: JsonValue): Part {
  if (!isObject(value)) return { type: 'unknown', value }
  const [id, name] = [textIn(value, 'toolCallId'), textIn(value, 'toolName')]
  switch (memberOf(value, 'type')) {
    case 'text':
      return textPart(textIn(value, 'text') ?? '')
    case 'reasoning':
      return { type: 'reasoning', content: textIn(value, 'text') ?? '' }
    case 'tool-result':
      return resultPart(id, outputOf(memberOf(value, 'output') ?? memberOf(value, 'result') ?? null))
    case undefined:
    case 'function':
    case 'tool-call':
      return name === undefined ? { type: 'unknown', value } : callPart({ id, name, arguments: argumentsOf(value) })
    default:
      return { ...value, type: textIn(value, 'type') ?? 'unknown' }
  }
}

function argumentsOf(value: JsonObject): JsonValue {
  const told = toldOf(memberOf(value, 'input') ?? memberOf(value, 'args'))
  if (told === undefined || told.state === 'redacted') return null
  return told.state === 'told' ? told.value : told.text
}

// Since version 5 `{type: 'json', value}`.
function outputOf(value: JsonValue): JsonValue {
  return isObject(value) && Object.hasOwn(value, 'type') ? (memberOf(value, 'value') ?? null) : value
}

function textIn(object: JsonObject, name: string): string | undefined {
  const value = memberOf(object, name)
  return typeof value === 'string' ? value : undefined
}
