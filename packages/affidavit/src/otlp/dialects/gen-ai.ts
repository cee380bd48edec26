// The conventions of OpenTelemetry for generative AI and MCP, of all versions (spec/otlp.md §3.1).

import { joined } from '../join-content.ts'
import type { AgentRun, Dialect, ModelCall, Reading, Step, ToolCall } from '../step.ts'
import type { Item, LogRecord, Span } from '../telemetry.ts'
import { textOf } from './attribute.ts'
import { aboutOf, callOf, errorOf, recipientOf, textsOfCall } from './gen-ai-call.ts'
import { resourceRead, retrievalOrMemory } from './gen-ai-data.ts'
import { contentOfEvents, stepsOfEvent } from './gen-ai-events.ts'
import { textsOf, toldOf } from './read-told.ts'

export const GEN_AI: Dialect = { name: 'gen_ai', recognises, read }

const PREFIXES = ['gen_ai.', 'mcp.']

function recognises(item: Item): boolean {
  if (item.signal === 'logs' && item.eventName.startsWith('gen_ai.')) return true
  for (const name of item.attributes.keys()) if (PREFIXES.some((prefix) => name.startsWith(prefix))) return true
  return false
}

function read(item: Item): Reading {
  return { about: aboutOf(item), steps: item.signal === 'traces' ? stepsOfSpan(item) : stepsOfLog(item) }
}

function stepsOfLog({ eventName: name, attributes, body, spanId }: LogRecord): readonly Step[] {
  return stepsOfEvent({ name, attributes, body, within: spanId === undefined ? 'nothing' : 'span' })
}

/** Names that emitters have used; one that is not here tells a call where it names a model. */
const CALLS = ['chat', 'generate_content', 'text_completion', 'embeddings', 'completion', 'generate', 'rerank']
const RUNS = ['invoke_agent', 'invoke_workflow']
/** Parts of runs: their calls and tools have spans of their own. */
const WITHIN_RUNS = ['agent_step', 'plan', 'create_agent']

function stepsOfSpan(span: Span): readonly Step[] {
  const { attributes } = span
  const method = textOf(attributes, 'mcp.method.name')
  const operation = textOf(attributes, 'gen_ai.operation.name')
  if (operation === 'execute_tool' || method === 'tools/call') return [toolCall(span, method)]
  if (method === 'resources/read') return resourceRead(span)
  if (method !== undefined) return []
  if (operation === undefined) return hasModel(span) ? [modelCall(span, span.name.split(' ')[0] || 'chat')] : []
  if (CALLS.includes(operation)) return [modelCall(span, operation)]
  if (RUNS.includes(operation)) return [agentRun(span, operation)]
  if (WITHIN_RUNS.includes(operation)) return []
  return retrievalOrMemory(span, operation) ?? (hasModel(span) ? [modelCall(span, operation)] : [])
}

function hasModel({ attributes, kind }: Span): boolean {
  return kind === 'client' && textOf(attributes, 'gen_ai.request.model') !== undefined
}

function modelCall(span: Span, operation: string): ModelCall {
  const { attributes } = span
  const told = contentOfEvents(span)
  return {
    ...callOf(attributes, operation),
    ...joined(textsOfCall(attributes), told),
    error: errorOf(span),
  }
}

function agentRun(span: Span, operation: string): AgentRun {
  const { attributes } = span
  return {
    kind: 'agent_run',
    operation,
    model: textOf(attributes, 'gen_ai.request.model'),
    finishReasons: textsOf(attributes, 'gen_ai.response.finish_reasons'),
    ...textsOfCall(attributes),
    error: errorOf(span),
  }
}

function toolCall(span: Span, method: string | undefined): ToolCall {
  const { attributes } = span
  return {
    kind: 'tool_call',
    name: textOf(attributes, 'gen_ai.tool.name'),
    callId: textOf(attributes, 'gen_ai.tool.call.id'),
    toolType: textOf(attributes, 'gen_ai.tool.type'),
    arguments: toldOf(attributes.get('gen_ai.tool.call.arguments')),
    result: toldOf(attributes.get('gen_ai.tool.call.result')),
    error: errorOf(span),
    layer: layerOf(span, method),
    recipient: recipientOf(attributes),
  }
}

// Where a tool runs by MCP, the agent's own span may carry the attributes of the protocol too.
function layerOf({ kind }: Span, method: string | undefined): ToolCall['layer'] {
  if (method === undefined) return 'agent'
  if (kind === 'server') return 'mcp_server'
  return kind === 'client' ? 'mcp_client' : 'agent'
}
