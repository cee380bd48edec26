// The tools that a model was offered: `llm.tools.INDEX.tool.…`.

import type { JsonValue } from '../../../bytes/json.ts'
import type { Told } from '../../step.ts'
import type { Attributes } from '../../telemetry.ts'
import { itemsOf } from '../flattened.ts'
import { partOf } from '../part.ts'
import { isHidden, toldJson } from '../told.ts'

export function toolDefinitionsOf(attributes: Attributes): Told<JsonValue> | undefined {
  const tools = itemsOf(attributes, 'llm.tools')
  if (tools.length === 0) return undefined
  if (tools.every((tool) => isHidden(tool.get('tool.json_schema')))) return { state: 'redacted' }
  return { state: 'told', value: tools.map(definitionOf) }
}

/** A schema says all there is; where it cannot be read it stands as it is. */
function definitionOf(tool: Attributes): JsonValue {
  const schema = toldJson(tool.get('tool.json_schema'))
  const name = tool.get('tool.name')
  const description = tool.get('tool.description')
  if (schema?.state === 'told' && name === undefined && description === undefined) return schema.value
  const parameters = schema?.state === 'told' ? schema.value : schema?.state === 'unread' ? schema.text : undefined
  return partOf('function', { name, description, json_schema: parameters })
}
