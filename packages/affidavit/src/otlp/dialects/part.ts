// Parts of messages, with the members that are there.

import type { JsonValue } from '../../bytes/json.ts'
import { present } from '../../bytes/present.ts'
import type { Part, Told } from '../step.ts'
import { isHidden, toldJson } from './told.ts'

type Members = { readonly [name: string]: JsonValue | undefined }

export function partOf(type: string, members: Members): Part {
  // What is left is what there is of JSON.
  return { ...(present(members) as { [name: string]: JsonValue }), type }
}

/** What was said, or that it was hidden; nothing where nothing was said. */
export function textPart(content: JsonValue | undefined, type = 'text'): Part[] {
  if (content === undefined || content === '') return []
  return [isHidden(content) ? partOf('redacted', { of: type }) : partOf(type, { content })]
}

/** A call that a model asks for. Its arguments are the value that their JSON stands for, else word for word. */
export function toolCallPart(id: string | undefined, name: string | undefined, given: JsonValue | undefined): Part {
  return partOf('tool_call', { id, name, arguments: saidIn(toldJson(given)) })
}

export function toolResponsePart(id: string | undefined, name: string | undefined, response: JsonValue): Part {
  return partOf('tool_call_response', { id, name, response })
}

function saidIn(told: Told<JsonValue> | undefined): JsonValue | undefined {
  if (told?.state === 'told') return told.value
  return told?.state === 'unread' ? told.text : undefined
}
