// Chat completions: what a request says, and what its answer says, whole or as a stream.

import type { ModelEnd, ModelStep, SeenCall, SeenMessage } from '../../capture/steps.ts'
import { listOf, numberOf, partsText, present, type Shape, shapeOf, textOf } from '../wire/shape.ts'
import type { Answer } from './answer.ts'

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
  const { messages, tools, functions, ...parameters } = body
  const seen = listOf(messages).map(readMessage)
  const first = seen.findIndex(({ role }) => role !== 'instructions')
  const leading = seen.slice(0, first === -1 ? seen.length : first)
  return {
    ...named(body),
    instructions: leading.map(({ value }) => value),
    tools: [...listOf(tools), ...listOf(functions)],
    messages: seen,
    parameters,
  }
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

/** What a whole answer says. */
export function readChatAnswer(response: unknown): Answer {
  const { id, model, choices, usage } = shapeOf(response)
  const [choice] = listOf(choices).map(shapeOf)
  const message = shapeOf(choice?.message)
  const { content, refusal, tool_calls } = message
  return {
    answer: [partsText(content), textOf(refusal) ?? ''].filter((text) => text !== '').join('\n'),
    response,
    calls: listOf(tool_calls).map(readCall),
    ...present({
      model: textOf(model),
      response_id: textOf(id),
      finish_reason: textOf(choice?.finish_reason),
      tokens: usage === undefined || usage === null ? undefined : readTokens(shapeOf(usage)),
    }),
  }
}

function readCall(value: unknown): SeenCall {
  const { id, function: called, custom } = shapeOf(value)
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
export function chatStream(): { take(chunk: unknown): void; answer(): Answer; isFinished(): boolean } {
  const head: { [name: string]: unknown } = {}
  const choices = new Map<number, { [name: string]: unknown }>()
  const calls = new Map<string, { id?: string; type?: string; function: { name: string; arguments: string } }>()

  function takeChoice({ index, delta, finish_reason }: Shape): void {
    const at = numberOf(index) ?? 0
    const choice = choices.get(at) ?? { index: at, message: { role: 'assistant' }, finish_reason: null }
    choices.set(at, choice)
    const message = shapeOf(choice.message)
    const { content, refusal, tool_calls, role, ...others } = shapeOf(delta)
    choice.message = {
      ...message,
      ...joined(message, { content, refusal }),
      ...(typeof role === 'string' ? { role } : {}),
      ...joined(message, others),
    }
    for (const call of listOf(tool_calls)) takeCall(at, shapeOf(call))
    if (typeof finish_reason === 'string') choice.finish_reason = finish_reason
  }

  function takeCall(choice: number, { index, id, type, function: part }: Shape): void {
    const key = `${choice}.${numberOf(index) ?? calls.size}`
    const call = calls.get(key) ?? { function: { name: '', arguments: '' } }
    const { name, arguments: given } = shapeOf(part)
    if (typeof id === 'string') call.id = id
    if (typeof type === 'string') call.type = type
    call.function.name += textOf(name) ?? ''
    call.function.arguments += textOf(given) ?? ''
    calls.set(key, call)
  }

  function whole(): object {
    return {
      ...head,
      choices: [...choices].map(([at, choice]) => {
        const tool_calls = [...calls].filter(([key]) => key.startsWith(`${at}.`)).map(([, call]) => call)
        return tool_calls.length === 0 ? choice : { ...choice, message: { ...shapeOf(choice.message), tool_calls } }
      }),
    }
  }

  return {
    take(chunk) {
      const { choices: parts, object, ...rest } = shapeOf(chunk)
      for (const [name, value] of Object.entries(rest)) if (value !== null && value !== undefined) head[name] = value
      if (object !== undefined) head.object = 'chat.completion'
      for (const part of listOf(parts)) takeChoice(shapeOf(part))
    },
    answer: () => readChatAnswer(whole()),
    isFinished: () => choices.size > 0 && [...choices.values()].every(({ finish_reason }) => finish_reason !== null),
  }
}

// Texts come in pieces; anything else is as it came last.
function joined(before: Shape, parts: Shape): { [name: string]: unknown } {
  const said = Object.entries(parts).filter(([, value]) => value !== undefined && value !== null)
  return Object.fromEntries(
    said.map(([name, value]) => {
      const previous = before[name]
      return [name, typeof value === 'string' && typeof previous === 'string' ? previous + value : value]
    }),
  )
}

/** A call is never said to be complete: some run it as soon as its arguments parse. */
export function asksForTool(chunk: unknown): boolean {
  const deltas = listOf(shapeOf(chunk).choices).map((choice) => shapeOf(shapeOf(choice).delta))
  return deltas.some(({ tool_calls, function_call }) => listOf(tool_calls).length > 0 || isPresent(function_call))
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}
