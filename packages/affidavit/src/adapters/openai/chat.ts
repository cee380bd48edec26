// Chat completions: what a request says, and what its answer says, whole or as a stream.

import { present } from '../../bytes/present.ts'
import type { Ended, ModelEnd, ModelStep, SeenCall, SeenMessage } from '../../capture/steps.ts'
import { listOf, numberOf, partsText, type Shape, shapeOf, textOf } from '../wire/shape.ts'
import type { Answer } from './answer.ts'
import { type Joined, joinDelta, joined } from './join-deltas.ts'

export type Request = Pick<
  ModelStep,
  'instructions' | 'tools' | 'messages' | 'parameters' | 'model' | 'stream' | 'previous_response_id'
>

const ROLES: { readonly [role: string]: SeenMessage['role'] } = {
  system: 'instructions',
  developer: 'instructions',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
}

export function readChatRequest(body: Shape): Request {
  const { messages, tools, ...rest } = body
  const seen = listOf(messages).map(readMessage)
  const first = seen.findIndex(({ role }) => role !== 'instructions')
  const leading = seen.slice(0, first === -1 ? seen.length : first)
  return {
    ...named(body),
    instructions: leading.map(({ value }) => value),
    tools: [...listOf(tools), ...listOf(rest.functions)],
    messages: seen,
    parameters: { ...rest, ...unlisted({ messages, tools }) },
  }
}

/** What is sent where a list belongs, or an empty one: with the rest it is found again as it was. */
export function unlisted(members: Shape): Shape {
  const others = Object.entries(members).filter(([, value]) => value !== undefined && listOf(value).length === 0)
  return Object.fromEntries(others)
}

export function named({ model, stream }: Shape): Pick<Request, 'model' | 'stream'> {
  const name = textOf(model)
  return { stream: stream === true, ...(name === undefined ? {} : { model: name }) }
}

function readMessage(value: unknown): SeenMessage {
  const { role, content, tool_call_id } = shapeOf(value)
  const seen = ROLES[textOf(role) ?? ''] ?? 'other'
  const call_id = textOf(tool_call_id)
  return {
    role: seen,
    value,
    ...(seen === 'user' ? { text: partsText(content) } : {}),
    ...(seen === 'tool' && call_id !== undefined ? { results: [{ call_id, value: content }] } : {}),
  }
}

/** What a whole answer says: of several choices, the application was given all. */
export function readChatAnswer(response: unknown): Answer {
  const { id, model, choices, usage } = shapeOf(response)
  const given = listOf(choices).map(shapeOf)
  const messages = given.map(({ message }) => shapeOf(message))
  const words = messages.flatMap(({ content, refusal }) => [partsText(content), textOf(refusal) ?? ''])
  return {
    answer: words.filter((text) => text !== '').join('\n'),
    response,
    calls: messages.flatMap(readCalls),
    ...present({
      model: textOf(model),
      response_id: textOf(id),
      finish_reason: textOf(given[0]?.finish_reason),
      tokens: usage === undefined || usage === null ? undefined : readTokens(shapeOf(usage)),
    }),
  }
}

function readCalls({ tool_calls, function_call }: Shape): SeenCall[] {
  const calls = listOf(tool_calls).map(shapeOf)
  // Before there were tools, an answer asked for one function, and its call had no id.
  return [...calls, ...(function_call == null ? [] : [{ function: function_call }])].map(readCall)
}

function readCall({ id, function: called, custom }: Shape): SeenCall {
  const { name, arguments: given, input } = { ...shapeOf(custom), ...shapeOf(called) }
  return { call_id: textOf(id), name: textOf(name) ?? '', arguments: given ?? input ?? '' }
}

function readTokens(usage: Shape): NonNullable<ModelEnd['tokens']> {
  return present({
    input: numberOf(usage.prompt_tokens),
    output: numberOf(usage.completion_tokens),
    cached_input: numberOf(shapeOf(usage.prompt_tokens_details).cached_tokens),
    reasoning: numberOf(shapeOf(usage.completion_tokens_details).reasoning_tokens),
  })
}

/** A stream of chunks, put together as the whole answer would be. */
export function chatStream(): { take(chunk: unknown): Ended | undefined; answer(): Answer; isFinished(): boolean } {
  const head = joined()
  const choices = new Map<number, { readonly message: Joined; readonly rest: Joined }>()

  function takeChoice({ delta, index, ...rest }: Shape): void {
    const at = numberOf(index) ?? 0
    const choice = choices.get(at) ?? { message: joined(), rest: joined() }
    choices.set(at, choice)
    joinDelta(choice.message, shapeOf(delta))
    joinDelta(choice.rest, rest)
  }

  function whole(): object {
    const given = [...choices].map(([index, { message, rest }]) => ({ index, message: wholeMessage(message), ...rest }))
    return { ...head, choices: given }
  }

  return {
    take(chunk) {
      const { choices: parts, object, ...rest } = shapeOf(chunk)
      for (const [name, value] of Object.entries(rest)) if (value !== null && value !== undefined) head[name] = value
      if (object !== undefined) head.object = 'chat.completion'
      for (const part of listOf(parts)) takeChoice(shapeOf(part))
      return rest.error === undefined || rest.error === null ? undefined : 'failed'
    },
    answer: () => readChatAnswer(whole()),
    isFinished: () => choices.size > 0 && [...choices.values()].every(({ rest }) => textOf(rest.finish_reason)),
  }
}

// Only in a stream do calls say which of them they go on with.
function wholeMessage(message: Shape): Shape {
  if (!Array.isArray(message.tool_calls)) return message
  return { ...message, tool_calls: message.tool_calls.map(shapeOf).map(({ index, ...call }) => call) }
}

/** A call is never said to be complete: some run it as soon as its arguments parse. */
export function asksForTool(chunk: unknown): boolean {
  const deltas = listOf(shapeOf(chunk).choices).map((choice) => shapeOf(shapeOf(choice).delta))
  return deltas.some(({ tool_calls, function_call }) => listOf(tool_calls).length > 0 || isPresent(function_call))
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}
