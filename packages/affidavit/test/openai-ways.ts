// The two ways to ask a model through the OpenAI client, and what each is called there: one test for both.

import type OpenAI from 'openai'
import type { APIPromise } from 'openai'

import type { CapturedRecord } from './captured.ts'
import { sentAgain } from './sent-again.ts'

export interface Way {
  readonly operation: string
  /** A whole request: instructions, a history and tools. */
  body(question: string): Readonly<Record<string, unknown>>
  create(client: OpenAI, body: object, options?: OpenAI.RequestOptions): APIPromise<object>
  stream(client: OpenAI, body: object, options?: OpenAI.RequestOptions): APIPromise<Streamed>
  /** The words of an answer, or of one event of a stream. */
  words(of: object): string
  /** The body that was sent, as the records tell it. */
  bodyAgain(records: readonly CapturedRecord[], invoked: CapturedRecord): object
}

interface Words {
  readonly content?: string | null
}

export type Streamed = AsyncIterable<object> & { readonly controller: AbortController }

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } } }

export const CHAT: Way = {
  operation: 'chat.completions',
  body: (question) => ({
    model: 'gpt',
    temperature: 0.5,
    messages: [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: question },
    ],
    tools: [{ type: 'function', function: { name: 'get_weather', parameters: PARAMETERS } }],
  }),
  // What is asked for says what comes.
  create: (client, body, options) => client.chat.completions.create(body as never, options),
  stream: (client, body, options) =>
    client.chat.completions.create({ ...body, stream: true } as never, options) as never,
  words(of) {
    const { choices } = of as { choices: readonly { message?: Words; delta?: Words }[] }
    return choices.map(({ message, delta }) => (message ?? delta)?.content ?? '').join('')
  },
  bodyAgain(records, invoked) {
    const { messages, tools, parameters } = sentAgain(records, invoked)
    return {
      ...parameters,
      ...(messages.length === 0 ? {} : { messages }),
      ...(tools.length === 0 ? {} : { tools }),
    }
  },
}

export const RESPONSES: Way = {
  operation: 'responses',
  body: (question) => ({
    model: 'gpt',
    temperature: 0.5,
    instructions: 'Be kind.',
    input: [{ role: 'user', content: question }],
    tools: [{ type: 'function', name: 'get_weather', parameters: PARAMETERS, strict: false }],
  }),
  create: (client, body, options) => client.responses.create(body as never, options),
  stream: (client, body, options) => client.responses.create({ ...body, stream: true } as never, options) as never,
  words(of) {
    const { output_text, type, delta } = of as { output_text?: string; type?: string; delta?: string }
    return output_text ?? (type === 'response.output_text.delta' ? (delta ?? '') : '')
  },
  bodyAgain(records, invoked) {
    const { messages, instructions, tools, parameters } = sentAgain(records, invoked)
    const [first] = instructions
    return {
      ...parameters,
      ...(typeof first === 'string' ? { instructions: first } : {}),
      ...(messages.length === 0 ? {} : { input: typeof messages[0] === 'string' ? messages[0] : messages }),
      ...(tools.length === 0 ? {} : { tools }),
    }
  },
}
