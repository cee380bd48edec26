// Events of the conventions: logs, and events of spans (spec/otlp.md §3.1). Before 1.37 each message is one; since then one tells
// the details of a call.

import type { JsonValue } from '../../bytes/json.ts'
import { isObject, type JsonObject, memberOf } from '../read-value.ts'
import type { CallContent, CallTexts, Message, Step } from '../step.ts'
import type { Attributes, Span } from '../telemetry.ts'
import { textOf } from './attribute.ts'
import { callOf, textsOfCall } from './gen-ai-call.ts'
import { messageOf, messagesOf } from './messages.ts'
import { readTold, textsOf, toldOf } from './read-told.ts'

export interface Event {
  readonly name: string
  readonly attributes: Attributes
  readonly body: JsonValue
  /** Whether it belongs to a span. */
  readonly within: 'span' | 'nothing'
}

const ROLES: ReadonlyMap<string, string> = new Map([
  ['gen_ai.system.message', 'system'],
  ['gen_ai.user.message', 'user'],
  ['gen_ai.assistant.message', 'assistant'],
  ['gen_ai.tool.message', 'tool'],
])

export function stepsOfEvent(event: Event): readonly Step[] {
  const { name, attributes } = event
  const role = ROLES.get(name)
  if (role !== undefined) return contentOf({ input: told(bodyOf(event), (body) => messageOf(body, role)) })
  switch (name) {
    case 'gen_ai.choice':
      return choiceOf(bodyOf(event))
    case 'gen_ai.content.prompt':
      return contentOf({ input: readTold(attributes.get('gen_ai.prompt'), messagesOf) })
    case 'gen_ai.content.completion':
      return contentOf({ output: readTold(attributes.get('gen_ai.completion'), messagesOf) })
    case 'gen_ai.client.inference.operation.details':
      return detailsOf(event)
    case 'gen_ai.client.operation.exception':
      return event.within === 'span' ? [] : failureOf(attributes)
    default:
      return []
  }
}

/** What the events of a span tell of its own call, together. */
export function contentOfEvents({ events }: Pick<Span, 'events'>): readonly CallContent[] {
  return events
    .flatMap(({ name, attributes }) => stepsOfEvent({ name, attributes, body: null, within: 'span' }))
    .filter((step) => step.kind === 'call_content')
}

function contentOf(texts: CallTexts): readonly CallContent[] {
  return Object.values(texts).every((one) => one === undefined) ? [] : [{ kind: 'call_content', ...texts }]
}

// On a span the body stands in an attribute, as JSON.
function bodyOf({ attributes, body }: Event): JsonValue | undefined {
  return body ?? attributes.get('gen_ai.event.content')
}

function told(body: JsonValue | undefined, read: (body: JsonObject) => Message | undefined): CallTexts['input'] {
  return readTold(body, (value) => {
    const message = isObject(value) ? read(value) : undefined
    return message === undefined ? undefined : [message]
  })
}

function choiceOf(body: JsonValue | undefined): readonly CallContent[] {
  const value = toldOf(body)
  const choice = value?.state === 'told' && isObject(value.value) ? value.value : {}
  const reason = memberOf(choice, 'finish_reason')
  const finishReasons = typeof reason === 'string' ? [reason] : undefined
  const output = told(body, (object) => {
    const message = memberOf(object, 'message')
    return messageOf(isObject(message) ? message : object, 'assistant')
  })
  return output === undefined ? [] : [{ kind: 'call_content', output, finishReasons }]
}

// A call that no span tells of is told by this alone.
function detailsOf({ attributes, within }: Event): readonly Step[] {
  const texts = textsOfCall(attributes)
  const finishReasons = textsOf(attributes, 'gen_ai.response.finish_reasons')
  if (within === 'span') return contentOf(texts).map((content) => ({ ...content, finishReasons }))
  const error = textOf(attributes, 'error.type')
  const call = callOf(attributes, textOf(attributes, 'gen_ai.operation.name') ?? 'chat')
  return [{ ...call, ...texts, ...(error === undefined ? {} : { error: { type: error } }) }]
}

function failureOf(attributes: Attributes): readonly Step[] {
  const type = textOf(attributes, 'exception.type', 'error.type')
  const message = textOf(attributes, 'exception.message')
  const operation = textOf(attributes, 'gen_ai.operation.name')
  const model = textOf(attributes, 'gen_ai.request.model')
  return [{ kind: 'failure', operation, model, error: { type, message } }]
}
