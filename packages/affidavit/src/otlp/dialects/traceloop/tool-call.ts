// A tool that ran, as OpenLLMetry tells it: `traceloop.span.kind` is `tool`.

import type { JsonValue } from '../../../bytes/json.ts'
import type { Told, ToolCall } from '../../step.ts'
import type { Span } from '../../telemetry.ts'
import { textOf } from '../attribute.ts'
import { errorOf } from '../gen-ai-call.ts'
import { toldJson, toldText } from '../told.ts'

export function toolCall(span: Span): ToolCall {
  const { attributes, name } = span
  const given = attributes.get('gen_ai.tool.call.arguments') ?? attributes.get('traceloop.entity.input')
  const gave = attributes.get('gen_ai.tool.call.result') ?? attributes.get('traceloop.entity.output')
  return {
    kind: 'tool_call',
    name: textOf(attributes, 'gen_ai.tool.name', 'traceloop.entity.name') ?? name.replace(/\.tool$/, ''),
    callId: textOf(attributes, 'gen_ai.tool.call.id'),
    arguments: written(given ?? attributes.get('mcp.request.argument')),
    result: written(gave ?? attributes.get('mcp.response.value')),
    error: errorOf(span),
    layer: layerOf(span),
  }
}

/** JSON whatever it is, a text too; some versions write that as it is. */
function written(value: JsonValue | undefined): Told<JsonValue> | undefined {
  const told = toldJson(value)
  return told?.state === 'unread' && told.why === 'malformed' ? toldText(told.text) : told
}

// Its instrumentation of MCP names the server of a tool that runs there as the workflow.
function layerOf({ scope, attributes }: Span): ToolCall['layer'] {
  if (!scope.name.endsWith('.mcp')) return 'agent'
  return textOf(attributes, 'traceloop.workflow.name')?.endsWith('.mcp') === true ? 'mcp_server' : 'mcp_client'
}
