// Messages and tools as OpenLLMetry wrote them flat: LIST.INDEX.role, .content, .tool_calls.INDEX.…, .finish_reason.

import type { JsonValue } from '../../../bytes/json.ts'
import { present } from '../../../bytes/present.ts'
import type { Message, Told } from '../../step.ts'
import type { Attributes } from '../../telemetry.ts'
import { textOf } from '../attribute.ts'
import { itemsOf } from '../flattened.ts'
import { messageOf } from '../messages.ts'
import { toolCallPart } from '../part.ts'
import { toldOf } from '../read-told.ts'

/** `role`: of a message that names none. */
export function flatMessages(attributes: Attributes, list: string, role: string): Told<readonly Message[]> | undefined {
  const items = itemsOf(attributes, list)
  return items.length === 0 ? undefined : { state: 'told', value: items.map((item) => flatMessage(item, role)) }
}

function flatMessage(item: Attributes, assumed: string): Message {
  const role = textOf(item, 'role') ?? assumed
  const finishReason = textOf(item, 'finish_reason')
  const said = messageOf(
    objectOf({ role, content: partsIn(item.get('content')), tool_call_id: item.get('tool_call_id') }),
    role,
  )
  const calls = itemsOf(item, 'tool_calls').map((call) =>
    toolCallPart(textOf(call, 'id'), textOf(call, 'name'), call.get('arguments')),
  )
  return { role, parts: [...(said?.parts ?? []), ...calls, ...functionCall(item)], finishReason }
}

function functionCall(item: Attributes) {
  const name = textOf(item, 'function_call.name')
  return name === undefined ? [] : [toolCallPart(undefined, name, item.get('function_call.arguments'))]
}

// A list of parts stands as its JSON; any other text is what was said.
function partsIn(content: JsonValue | undefined): JsonValue | undefined {
  if (typeof content !== 'string' || !content.startsWith('[{')) return content
  const told = toldOf(content)
  return told?.state === 'told' ? told.value : content
}

/** The tools that the model was offered. */
export function flatTools(attributes: Attributes): Told<JsonValue> | undefined {
  const tools = [...itemsOf(attributes, 'llm.request.functions'), ...itemsOf(attributes, 'gen_ai.tool.definitions')]
  return tools.length === 0 ? undefined : { state: 'told', value: tools.map(definitionOf) }
}

function definitionOf(tool: Attributes): JsonValue {
  const schema = tool.get('parameters') ?? tool.get('input_schema') ?? tool.get('arguments')
  const told = toldOf(schema)
  return objectOf({
    type: 'function',
    name: tool.get('name'),
    description: tool.get('description'),
    parameters: told?.state === 'told' ? told.value : schema,
  })
}

function objectOf(members: { readonly [name: string]: JsonValue | undefined }): { [name: string]: JsonValue } {
  // What is left is what there is of JSON.
  return present(members) as { [name: string]: JsonValue }
}
