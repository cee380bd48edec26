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
  /** Whether all of the answer came, though not all of the stream. */
  isFinished(): boolean
  answer(): Answer
}

export interface Operation {
  readonly name: string
  readRequest(body: Shape, path: string): Request
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
      ...stream,
      take(data) {
        if (data.trim() === '[DONE]') return 'complete'
        const chunk = parsed(data)
        return stream.take(chunk) ?? (asksForTool(chunk) ? 'hold' : undefined)
      },
      // Some servers say that the answer is finished, and not that the stream is.
      over: () => (stream.isFinished() ? 'complete' : 'cut'),
    }
  },
}

const RESPONSES: Operation = {
  name: 'responses',
  readRequest: readResponsesRequest,
  readAnswer: readResponsesAnswer,
  readStream() {
    const { take, answer } = responsesStream()
    return { take: (data) => take(parsed(data)), over: () => 'cut', isFinished: () => false, answer }
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
        isFinished: () => false,
        answer: () => ({ response: events }),
      }
    },
  }
}

/** What it belongs to is at the provider, and named by the path. */
function placed(name: string): Operation {
  const operation = plain(name)
  return {
    ...operation,
    readRequest: (body, path) => ({ ...operation.readRequest(body, path), parameters: { path, body } }),
  }
}

const OPERATIONS: readonly (readonly [path: RegExp, operation: Operation])[] = [
  [/\/chat\/completions$/, CHAT],
  [/\/responses(?:\/compact)?$/, RESPONSES],
  [/\/responses\/input_tokens$/, { ...RESPONSES, name: 'responses.input_tokens' }],
  [/\/completions$/, plain('completions')],
  [/\/embeddings$/, plain('embeddings')],
  [/\/moderations$/, plain('moderations')],
  [/\/decisions$/, plain('decisions')],
  [/\/images\/\w+$/, plain('images')],
  [/\/audio\/(?:speech|transcriptions|translations)$/, plain('audio')],
  [/\/videos(?:\/edits|\/extensions|\/[\w-]+\/remix)?$/, placed('videos')],
  [/\/batches$/, plain('batches')],
  [/\/conversations(?:\/[\w-]+\/items)?$/, placed('conversations')],
  [/\/threads\/(?:[\w-]+\/)?(?:runs|messages)$/, placed('threads')],
  [/\/threads\/[\w-]+\/runs\/[\w-]+\/submit_tool_outputs$/, placed('threads')],
  [/\/agents\/sessions(?:\/[\w-]+\/events)?$/, placed('agents.sessions')],
]

/** `undefined` where no model is asked: lists, files, settings. */
export function operationAt(method: string, url: string): Operation | undefined {
  if (!URL.canParse(url)) return undefined
  const path = new URL(url).pathname.replace(/\/$/, '')
  // An answer that was made in the background is fetched by its id.
  if (method.toUpperCase() === 'GET') return /\/responses\/[\w-]+$/.test(path) ? RESPONSES : undefined
  return method.toUpperCase() === 'POST' ? OPERATIONS.find(([pattern]) => pattern.test(path))?.[1] : undefined
}
