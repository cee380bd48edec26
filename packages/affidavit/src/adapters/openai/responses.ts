// Responses: what a request says, and what its answer says, whole or as a stream.

import { present } from '../../bytes/present.ts'
import type { Ended, ModelEnd, SeenCall, SeenMessage } from '../../capture/steps.ts'
import { listOf, numberOf, partsText, type Shape, shapeOf, textOf } from '../wire/shape.ts'
import type { Answer } from './answer.ts'
import { named, type Request, unlisted } from './chat.ts'

export function readResponsesRequest(body: Shape): Request {
  const { input, instructions, tools, ...rest } = body
  const previous = textOf(body.previous_response_id)
  const seen: readonly SeenMessage[] =
    typeof input === 'string' ? [{ role: 'user', value: input, text: input }] : listOf(input).map(readItem)
  const first = seen.findIndex(({ role }) => role !== 'instructions')
  const leading = seen.slice(0, first === -1 ? seen.length : first)
  return {
    ...named(body),
    instructions: [
      ...(instructions === undefined || instructions === null ? [] : [instructions]),
      ...leading.map(({ value }) => value),
    ],
    tools: listOf(tools),
    messages: seen,
    parameters: {
      ...rest,
      ...(instructions === null ? { instructions } : {}),
      ...(typeof input === 'string' ? {} : unlisted({ input })),
      ...unlisted({ tools }),
    },
    ...(previous === undefined ? {} : { previous_response_id: previous }),
  }
}

function readItem(value: unknown): SeenMessage {
  const { type, role, content, call_id, output } = shapeOf(value)
  const kind = textOf(type) ?? 'message'
  if (kind.endsWith('_call_output')) {
    const id = textOf(call_id)
    return { role: 'tool', value, ...(id === undefined ? {} : { results: [{ call_id: id, value: output }] }) }
  }
  if (kind !== 'message') return { role: kind.endsWith('_call') || kind === 'reasoning' ? 'assistant' : 'other', value }
  if (role === 'user') return { role: 'user', value, text: partsText(content) }
  if (role === 'system' || role === 'developer') return { role: 'instructions', value }
  return { role: role === 'assistant' ? 'assistant' : 'other', value }
}

/** What a whole answer says. */
export function readResponsesAnswer(response: unknown): Answer {
  const { id, model, output, usage, status, incomplete_details } = shapeOf(response)
  const items = listOf(output).map(shapeOf)
  const said = items.filter(({ type }) => type === 'message').map(({ content }) => wordsOf(content))
  const reason = textOf(shapeOf(incomplete_details).reason) ?? textOf(status)
  return {
    answer: said.filter((text) => text !== '').join('\n'),
    response,
    calls: items.filter((item) => isCall(item) && !isOfProvider(item)).map(readCall),
    ...present({
      model: textOf(model),
      response_id: textOf(id),
      finish_reason: reason,
      tokens: usage === undefined || usage === null ? undefined : readTokens(shapeOf(usage)),
      provider_tools: countKinds(items.filter((item) => isCall(item) && isOfProvider(item))),
    }),
  }
}

function isCall({ type }: Shape): boolean {
  return type === 'program' || textOf(type)?.endsWith('_call') === true
}

/** What the provider runs itself, and goes on. What nobody knows yet is the application's to run. */
const HOSTED = /^(program|(web_search|file_search|code_interpreter|image_generation|mcp)_call)$/

function isOfProvider({ type, environment, execution }: Shape): boolean {
  if (type === 'shell_call') return textOf(shapeOf(environment).type)?.startsWith('container') === true
  if (type === 'tool_search_call') return execution !== 'client'
  return HOSTED.test(textOf(type) ?? '')
}

function countKinds(items: readonly Shape[]): Answer['provider_tools'] {
  const counts = new Map<string, number>()
  for (const kind of items.map(({ type }) => String(type))) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts.size === 0 ? undefined : Object.fromEntries(counts)
}

function wordsOf(content: unknown): string {
  const parts = listOf(content).map(shapeOf)
  return parts.map(({ text, refusal }) => textOf(text) ?? textOf(refusal) ?? '').join('')
}

function readCall({ type, call_id, id, name, arguments: given, input, action, operation }: Shape): SeenCall {
  return {
    call_id: textOf(call_id) ?? textOf(id),
    // Tools that the provider defines have one kind of call each, and no name.
    name: textOf(name) ?? String(type).replace(/_call$/, ''),
    arguments: given ?? input ?? action ?? operation ?? '',
  }
}

function readTokens(usage: Shape): NonNullable<ModelEnd['tokens']> {
  return present({
    input: numberOf(usage.input_tokens),
    output: numberOf(usage.output_tokens),
    cached_input: numberOf(shapeOf(usage.input_tokens_details).cached_tokens),
    reasoning: numberOf(shapeOf(usage.output_tokens_details).reasoning_tokens),
  })
}

const LAST: { readonly [type: string]: Ended } = {
  'response.completed': 'complete',
  'response.incomplete': 'complete',
  'response.failed': 'failed',
  error: 'failed',
}

/** A stream of events. The last one has the whole answer; without it, what came of it. */
export function responsesStream(): { take(event: unknown): Ended | 'hold' | undefined; answer(): Answer } {
  let whole: unknown
  let begun: Shape = {}
  let failure: Shape = {}
  let text = ''
  const done: unknown[] = []
  return {
    take(event) {
      const { type, response, delta, item } = shapeOf(event)
      const ended = LAST[textOf(type) ?? '']
      if (response !== undefined) begun = shapeOf(response)
      if (type === 'response.output_text.delta' || type === 'response.refusal.delta') text += textOf(delta) ?? ''
      if (type === 'response.output_item.done') done.push(item)
      if (ended !== undefined) whole = response
      if (ended !== undefined && response === undefined) failure = { error: event }
      return ended ?? (asksForTool(shapeOf(event)) ? 'hold' : undefined)
    },
    answer() {
      const said = readResponsesAnswer(whole ?? { ...begun, ...failure, output: done })
      return { ...said, answer: said.answer === '' ? text : (said.answer ?? text) }
    },
  }
}

/** A call that the application is to run has come whole: some run it before the answer has ended. */
function asksForTool({ type, item }: Shape): boolean {
  if (type === 'response.function_call_arguments.done' || type === 'response.custom_tool_call_input.done') return true
  const done = type === 'response.output_item.done' ? shapeOf(item) : {}
  return (isCall(done) && !isOfProvider(done)) || done.type === 'mcp_approval_request'
}
