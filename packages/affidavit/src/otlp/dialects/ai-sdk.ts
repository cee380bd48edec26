// The AI SDK before its version 7, and its LegacyOpenTelemetry since: attributes `ai.*` (spec/otlp.md §3.2).

import { present } from '../../bytes/present.ts'
import type { AgentRun, Dialect, ModelCall, Reading, Step, ToolCall, Usage } from '../step.ts'
import type { Attributes, Item, Span } from '../telemetry.ts'
import { promptMessages, promptText, responseMessages, toolSet } from './ai-sdk-messages.ts'
import { countOf, textOf } from './attribute.ts'
import { aboutOf, callOf, errorOf, usageOf } from './gen-ai-call.ts'
import { readTold, textsOf, toldOf } from './read-told.ts'

export const AI_SDK: Dialect = { name: 'ai_sdk', recognises, read }

function recognises({ signal, attributes }: Item): boolean {
  return signal === 'traces' && typeof attributes.get('ai.operationId') === 'string'
}

function read(item: Item): Reading {
  const { attributes } = item
  const about = aboutOf(item)
  const metadata = (...names: readonly string[]): string | undefined =>
    textOf(attributes, ...names.map((name) => `ai.telemetry.metadata.${name}`))
  return {
    about: {
      ...about,
      conversation: about.conversation ?? metadata('conversationId', 'sessionId', 'session_id', 'threadId', 'chatId'),
      agent: about.agent ?? textOf(attributes, 'ai.telemetry.functionId', 'resource.name'),
      user: about.user ?? metadata('userId', 'user_id'),
    },
    steps: item.signal === 'traces' ? stepsOf(item) : [],
  }
}

/** `ai.generateText` runs the agent; `ai.generateText.doGenerate` within it asks the model. */
const CALLS: ReadonlyMap<string, string> = new Map([
  ['doGenerate', 'chat'],
  ['doStream', 'chat'],
  ['doEmbed', 'embeddings'],
  ['doRerank', 'rerank'],
])
const RUNS = ['ai.generateText', 'ai.streamText', 'ai.generateObject', 'ai.streamObject']

function stepsOf(span: Span): readonly Step[] {
  const id = textOf(span.attributes, 'ai.operationId') ?? ''
  const call = CALLS.get(id.split('.').at(-1) ?? '')
  if (call !== undefined) return [modelCall(span, call, id)]
  if (id === 'ai.toolCall') return [toolCall(span)]
  return RUNS.includes(id) ? [agentRun(span, id)] : []
}

function modelCall(span: Span, operation: string, id: string): ModelCall {
  const { attributes } = span
  const call = callOf(attributes, operation)
  return {
    ...call,
    provider: call.provider ?? textOf(attributes, 'ai.model.provider'),
    model: call.model ?? textOf(attributes, 'ai.model.id'),
    modelAnswered: call.modelAnswered ?? textOf(attributes, 'ai.response.model'),
    responseId: call.responseId ?? textOf(attributes, 'ai.response.id'),
    stream: id.endsWith('.doStream') ? true : undefined,
    finishReasons: call.finishReasons ?? textsOf(attributes, 'ai.response.finishReason'),
    usage: usage(attributes),
    input: readTold(
      attributes.get('ai.prompt.messages') ?? attributes.get('ai.values') ?? attributes.get('ai.value'),
      promptMessages,
    ),
    output: responseMessages(attributes),
    toolDefinitions: toolSet(attributes.get('ai.prompt.tools')),
    error: errorOf(span),
  }
}

function usage(attributes: Attributes): Usage | undefined {
  const tokens = (...names: readonly string[]): number | undefined =>
    countOf(attributes, ...names.map((name) => `ai.usage.${name}`))
  const own = {
    input: tokens('inputTokens', 'promptTokens', 'tokens'),
    output: tokens('outputTokens', 'completionTokens'),
    cachedInput: tokens('cachedInputTokens'),
    reasoning: tokens('reasoningTokens'),
  }
  const all = { ...usageOf(attributes), ...present(own) }
  return Object.keys(all).length === 0 ? undefined : all
}

function toolCall(span: Span): ToolCall {
  const { attributes } = span
  return {
    kind: 'tool_call',
    name: textOf(attributes, 'ai.toolCall.name'),
    callId: textOf(attributes, 'ai.toolCall.id'),
    arguments: toldOf(attributes.get('ai.toolCall.args') ?? attributes.get('ai.toolCall.input')),
    result: toldOf(attributes.get('ai.toolCall.result') ?? attributes.get('ai.toolCall.output')),
    error: errorOf(span),
    layer: 'agent',
  }
}

function agentRun(span: Span, operation: string): AgentRun {
  const { attributes } = span
  return {
    kind: 'agent_run',
    operation,
    model: textOf(attributes, 'ai.model.id'),
    input: readTold(attributes.get('ai.prompt'), promptText),
    output: responseMessages(attributes),
    finishReasons: textsOf(attributes, 'ai.response.finishReason'),
    error: errorOf(span),
  }
}
