// A request to a model as it was when the call began: nothing that anybody does to its parts later changes what is recorded
// (spec/capture.md §1, §4).

import type { Captured } from './captured.ts'
import { describeValue } from './describe-value.ts'
import { digestsOf, type History } from './history.ts'
import type { ModelStep } from './steps.ts'

export interface ModelRequest {
  readonly messages: readonly Part[]
  /** For each message the digest of it and all before it. */
  readonly digests: readonly string[]
  readonly parameters: Part
  /** Instructions and tools, where no announced version tells them. */
  readonly prompt: Part | undefined
}

interface Part {
  readonly json: string
  readonly uncaptured: readonly string[]
}

/** Bytes of the messages of one record. */
const MAX_MESSAGES = 48 * 1_048_576

export function readRequest(step: ModelStep, prompt: 'announced' | 'not announced'): ModelRequest {
  const messages = step.messages.map(({ value }, i) => partOf(value, `messages[${i}]`))
  return {
    messages,
    digests: digestsOf(messages.map(({ json }) => json)),
    parameters: partOf(step.parameters, 'parameters'),
    prompt:
      prompt === 'announced' || step.instructions.length + step.tools.length === 0
        ? undefined
        : partOf({ instructions: step.instructions, tools: step.tools }, 'prompt'),
  }
}

function partOf(value: unknown, place: string): Part {
  const { text, media_type, uncaptured } = describeValue(value, 'value')
  return {
    json: media_type === 'text/plain' ? JSON.stringify(text) : text,
    uncaptured: uncaptured.map((one) => one.replace('value', place)),
  }
}

/** What is sealed of it: without the messages of the request that it continues. */
export function requestContent(
  { messages, parameters, prompt }: ModelRequest,
  continued: History | undefined,
): Captured {
  const kept = continued?.messages ?? 0
  const fresh = fitting(messages.slice(kept), kept)
  const members = [
    `"messages":[${fresh.map(({ json }) => json).join(',')}]`,
    `"parameters":${parameters.json}`,
    ...(prompt === undefined ? [] : [`"prompt":${prompt.json}`]),
  ]
  const text = `{${members.join(',')}}`
  return {
    content: { name: 'request', media_type: 'application/json', body: text },
    text,
    uncaptured: [...fresh, parameters, ...(prompt === undefined ? [] : [prompt])].flatMap((one) => one.uncaptured),
  }
}

function fitting(messages: readonly Part[], kept: number): readonly Part[] {
  // No character takes more than three bytes: most requests are far from it.
  if (messages.reduce((sum, { json }) => sum + 3 * json.length, 0) <= MAX_MESSAGES) return messages
  let room = MAX_MESSAGES
  return messages.map((message, i) => {
    room -= Buffer.byteLength(message.json)
    return room >= 0 ? message : { json: 'null', uncaptured: [`messages[${kept + i}]: more than 48 MiB in all`] }
  })
}

/** The parameters and what else is known of how an answer came to be. */
export function circumstances({ parameters }: Pick<ModelRequest, 'parameters'>, others: object): Captured {
  const { text, uncaptured } = describeValue(others, 'circumstances')
  const body = `{"parameters":${parameters.json}${text === '{}' ? '}' : `,${text.slice(1)}`}`
  return { content: { name: 'circumstances', media_type: 'application/json', body }, text: body, uncaptured }
}
