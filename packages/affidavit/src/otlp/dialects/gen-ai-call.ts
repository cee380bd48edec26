// What the attributes of the conventions say of one call of a model, of every version since 1.26 (spec/otlp.md §3.1).

import type { JsonValue } from '../../bytes/json.ts'
import type { About, CallTexts, ModelCall, StepError, Usage } from '../step.ts'
import type { Attributes, Item, Span } from '../telemetry.ts'
import { countOf, textOf } from './attribute.ts'
import { messagesOf, partsOf } from './messages.ts'
import { readTold, textsOf, toldOf } from './read-told.ts'

/** Who and where, under the names that instrumentations share. */
export function aboutOf({ attributes }: Pick<Item, 'attributes'>): About {
  return {
    conversation: textOf(attributes, 'gen_ai.conversation.id', 'session.id'),
    agent: textOf(attributes, 'gen_ai.agent.name'),
    agentVersion: textOf(attributes, 'gen_ai.agent.version'),
    user: textOf(attributes, 'user.id', 'enduser.id'),
  }
}

export function textsOfCall(attributes: Attributes): CallTexts {
  return {
    instructions: readTold(attributes.get('gen_ai.system_instructions'), partsOf),
    input: readTold(attributes.get('gen_ai.input.messages'), messagesOf),
    output: readTold(attributes.get('gen_ai.output.messages'), messagesOf),
    toolDefinitions: toldOf(attributes.get('gen_ai.tool.definitions')),
  }
}

/** Everything but the texts. */
export function callOf(attributes: Attributes, operation: string): Omit<ModelCall, keyof CallTexts> {
  return {
    kind: 'model_call',
    operation,
    provider: textOf(attributes, 'gen_ai.provider.name', 'gen_ai.system'),
    model: textOf(attributes, 'gen_ai.request.model'),
    modelAnswered: textOf(attributes, 'gen_ai.response.model'),
    responseId: textOf(attributes, 'gen_ai.response.id'),
    parameters: parametersOf(attributes),
    stream: attributes.get('gen_ai.request.stream') === true ? true : undefined,
    recipient: recipientOf(attributes),
    finishReasons: textsOf(attributes, 'gen_ai.response.finish_reasons'),
    usage: usageOf(attributes),
  }
}

const CACHE_WRITE = ['cache_write.input_tokens', 'cache_creation.input_tokens', 'cache_creation_input_tokens']

export function usageOf(attributes: Attributes): Usage | undefined {
  const tokens = (...names: readonly string[]): number | undefined =>
    countOf(attributes, ...names.map((name) => `gen_ai.usage.${name}`))
  const usage = {
    input: tokens('input_tokens', 'prompt_tokens'),
    output: tokens('output_tokens', 'completion_tokens'),
    cachedInput: tokens('cache_read.input_tokens', 'cache_read_input_tokens'),
    cacheWrite: tokens(...CACHE_WRITE),
    reasoning: tokens('reasoning.output_tokens', 'reasoning_tokens'),
  }
  return Object.values(usage).some((count) => count !== undefined) ? usage : undefined
}

const REQUEST = 'gen_ai.request.'
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['model', 'stream'])
const OTHERS = ['gen_ai.output.type', 'gen_ai.prompt.name', 'gen_ai.prompt.version']

function parametersOf(attributes: Attributes): ModelCall['parameters'] {
  const parameters: [string, JsonValue][] = []
  for (const [name, value] of attributes) {
    const parameter = name.startsWith(REQUEST) ? name.slice(REQUEST.length) : undefined
    if (parameter !== undefined && !TOLD_ELSEWHERE.has(parameter)) parameters.push([parameter, value])
    else if (OTHERS.includes(name)) parameters.push([name.slice('gen_ai.'.length), value])
  }
  return parameters.length === 0 ? undefined : Object.fromEntries(parameters)
}

export function recipientOf(attributes: Attributes): string | undefined {
  const host = textOf(attributes, 'server.address')
  const port = countOf(attributes, 'server.port')
  return host === undefined || port === undefined || port === 443 ? host : `${host}:${port}`
}

/** What failed, by the attributes, the status and the exceptions of a span. */
export function errorOf({
  attributes,
  status,
  events,
}: Pick<Span, 'attributes' | 'status' | 'events'>): StepError | undefined {
  const thrown = events.findLast(({ name }) => name === 'exception')?.attributes ?? new Map()
  const type = textOf(attributes, 'error.type') ?? textOf(thrown, 'exception.type')
  if (status.code !== 'error' && textOf(attributes, 'error.type') === undefined) return undefined
  const code = countOf(attributes, 'http.response.status_code')
  return {
    type: type ?? 'error',
    message: textOf(thrown, 'exception.message') ?? (status.message === '' ? undefined : status.message),
    status: code,
  }
}
