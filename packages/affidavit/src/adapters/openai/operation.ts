// Which operation of a provider a request is, and how to read it: by the end of its path, under any base.

import type { Ended } from '../../capture/steps.ts'
import { parsed, type Shape } from '../wire/shape.ts'
import type { Answer } from './answer.ts'
import { asksForTool, chatStream, named, type Request, readChatAnswer, readChatRequest } from './chat.ts'
import { readResponsesAnswer, readResponsesRequest, responsesStream } from './responses.ts'

export interface StreamReading {
  /** Takes the data of one event. How the stream ended, where this is its last; `hold` where it calls a tool. */
  take(data: string): Ended | 'hold' | undefined
  /** How it ended, where no last event came. */
  over(): Ended
  answer(): Answer
}

export interface Operation {
  readonly name: string
  readRequest(body: Shape): Request
  readAnswer(response: unknown): Answer
  readStream(): StreamReading
}

const CHAT: Operation = {
  name: 'chat.completions',
  readRequest: readChatRequest,
  readAnswer: readChatAnswer,
  readStream() {
    const stream = chatStream()
    return {
      take(data) {
        if (data.trim() === '[DONE]') return 'complete'
        const chunk = parsed(data)
        stream.take(chunk)
        return asksForTool(chunk) ? 'hold' : undefined
      },
      // Some servers say that the answer is finished, and not that the stream is.
      over: () => (stream.isFinished() ? 'complete' : 'cut'),
      answer: stream.answer,
    }
  },
}

const RESPONSES: Operation = {
  name: 'responses',
  readRequest: readResponsesRequest,
  readAnswer: readResponsesAnswer,
  readStream() {
    const stream = responsesStream()
    return { take: (data) => stream.take(parsed(data)), over: () => 'cut', answer: stream.answer }
  },
}

/** What is given to a model, and what comes of it, without words that are an answer. */
function plain(name: string): Operation {
  return {
    name,
    readRequest: (parameters) => ({ ...named(parameters), instructions: [], tools: [], messages: [], parameters }),
    readAnswer: (response) => ({ response }),
    readStream() {
      const events: unknown[] = []
      return {
        take(data) {
          if (data.trim() === '[DONE]') return 'complete'
          events.push(parsed(data) ?? data)
          return undefined
        },
        over: () => 'complete',
        answer: () => ({ response: events }),
      }
    },
  }
}

const OPERATIONS: readonly (readonly [path: RegExp, operation: Operation])[] = [
  [/\/chat\/completions$/, CHAT],
  [/\/responses(?:\/compact|\/[\w-]+)?$/, RESPONSES],
  [/\/completions$/, plain('completions')],
  [/\/embeddings$/, plain('embeddings')],
  [/\/moderations$/, plain('moderations')],
  [/\/decisions$/, plain('decisions')],
  [/\/images\/\w+$/, plain('images')],
  [/\/audio\/\w+$/, plain('audio')],
]

/** `undefined` where no model is asked: lists, files, settings. */
export function operationAt(method: string, path: string): Operation | undefined {
  const bare = path.replace(/[?#].*$/, '').replace(/\/$/, '')
  const found = OPERATIONS.find(([pattern]) => pattern.test(bare))?.[1]
  // An answer that was made in the background is fetched by its id.
  if (method.toUpperCase() === 'GET') return /\/responses\/[\w-]+$/.test(bare) ? RESPONSES : undefined
  return method.toUpperCase() === 'POST' ? found : undefined
}
