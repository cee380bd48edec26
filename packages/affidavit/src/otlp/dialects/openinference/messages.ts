// Messages as OpenInference writes them flat: LIST.INDEX.message.… (its semantic conventions, "LLM Input/Output Messages").

import type { JsonValue } from '../../../bytes/json.ts'
import type { Message, Part, Told } from '../../step.ts'
import type { Attributes } from '../../telemetry.ts'
import { textOf } from '../attribute.ts'
import { itemsOf } from '../flattened.ts'
import { partOf, textPart, toolCallPart, toolResponsePart } from '../part.ts'

export function messagesOf(attributes: Attributes, list: string): Told<readonly Message[]> | undefined {
  const items = itemsOf(attributes, list)
  return items.length === 0 ? undefined : { state: 'told', value: items.map(messageOf) }
}

function messageOf(item: Attributes): Message {
  const role = textOf(item, 'message.role') ?? 'unknown'
  return { role, parts: partsOf(item, role), name: textOf(item, 'message.name') }
}

function partsOf(item: Attributes, role: string): Part[] {
  const said = [...textPart(item.get('message.content')), ...itemsOf(item, 'message.contents').flatMap(contentParts)]
  if (role === 'tool' || role === 'function') return [responseOf(item, said)]
  const asked = itemsOf(item, 'message.tool_calls').map(callOf)
  return [...said, ...asked, ...functionCall(item)]
}

// One text stands as it is; whatever else was answered stands as its parts.
function responseOf(item: Attributes, said: readonly Part[]): Part {
  const [only, another] = said
  const text = only?.type === 'text' && another === undefined ? only.content : undefined
  const response: JsonValue = text ?? [...said]
  return toolResponsePart(textOf(item, 'message.tool_call_id'), textOf(item, 'message.name'), response)
}

function callOf(item: Attributes): Part {
  const id = textOf(item, 'tool_call.id')
  return toolCallPart(id, textOf(item, 'tool_call.function.name'), item.get('tool_call.function.arguments'))
}

/** How a function was asked for before there were tools. */
function functionCall(item: Attributes): Part[] {
  const name = textOf(item, 'message.function_call_name')
  return name === undefined ? [] : [toolCallPart(undefined, name, item.get('message.function_call_arguments_json'))]
}

function contentParts(item: Attributes): Part[] {
  const type = textOf(item, 'message_content.type') ?? 'text'
  if (type === 'tool_use') return [callOf(item)]
  const medium = mediumOf(item, type)
  if (medium !== undefined) return [medium]
  const id = textOf(item, 'message_content.id')
  return textPart(item.get('message_content.text'), type).map((part) => (id === undefined ? part : { ...part, id }))
}

function mediumOf(item: Attributes, modality: string): Part | undefined {
  const member = `message_content.${modality}.${modality}`
  const uri = item.get(`${member}.url`)
  const transcript = item.get(`${member}.transcript`)
  if (uri === undefined && transcript === undefined) return undefined
  return partOf('uri', { modality, uri, mime_type: item.get(`${member}.mime_type`), transcript })
}
