// A tool that ran, as OpenInference tells it: a TOOL span.

import type { JsonValue } from '../../../bytes/json.ts'
import type { Told, ToolCall } from '../../step.ts'
import type { Attributes, Span } from '../../telemetry.ts'
import { textOf } from '../attribute.ts'
import { errorOf } from '../gen-ai-call.ts'
import { toldJson, toldText } from '../told.ts'
import { toolMessageIn } from './langchain.ts'

export function toolCall(span: Span): ToolCall {
  const { attributes, name } = span
  const result = sideOf(attributes, 'output')
  const answered = result?.state === 'told' ? toolMessageIn(result.value) : undefined
  return {
    kind: 'tool_call',
    name: textOf(attributes, 'tool.name') ?? name,
    callId: textOf(attributes, 'tool.id', 'tool_call.id') ?? answered?.callId,
    // `tool.parameters` is the definition by the conventions, and the arguments where there is nothing else.
    arguments: sideOf(attributes, 'input') ?? toldJson(attributes.get('tool.parameters')),
    result,
    error: errorOf(span),
    succeeded: answered?.succeeded,
    layer: 'agent',
  }
}

/** `input.value` or `output.value`, by the type that stands beside it. */
export function sideOf(attributes: Attributes, side: 'input' | 'output'): Told<JsonValue> | undefined {
  const value = attributes.get(`${side}.value`)
  return attributes.get(`${side}.mime_type`) === 'application/json' ? toldJson(value) : toldText(value)
}
