// Reads the body of a response while it passes: what it says, and how it ends.

import type { BodyWatch } from '../streams/hold-terminal.ts'
import { watchEvents } from '../streams/watch-events.ts'
import { parsed } from '../wire/shape.ts'
import type { Answer } from './answer.ts'
import type { Operation } from './operation.ts'

export interface Watch extends BodyWatch {
  /** Whether all of the answer came, though not all of the stream. */
  isFinished(): boolean
  answer(): Answer
  /** The body so far, where it is kept as text. */
  text(): string | undefined
}

export function isEvents(headers: Headers): boolean {
  return mediaType(headers) === 'text/event-stream'
}

export function watchBody(operation: Operation, headers: Headers): Watch {
  const type = mediaType(headers)
  if (type === 'text/event-stream') return watchStream(operation)
  const isJson = type === 'application/json' || type.endsWith('+json')
  return isJson || type.startsWith('text/') || type === '' ? watchText(operation, isJson) : watchBytes(type)
}

function mediaType(headers: Headers): string {
  return (headers.get('content-type') ?? '').replace(/;.*$/s, '').trim().toLowerCase()
}

function watchStream(operation: Operation): Watch {
  const { take, over, isFinished, answer } = operation.readStream()
  const events = watchEvents({ take: ({ data }) => take(data), over })
  return { ...events, isFinished, answer, text: () => undefined }
}

function watchText(operation: Operation, isJson: boolean): Watch {
  const decoder = new TextDecoder()
  let text = ''
  const value = (): unknown => (isJson ? parsed(text) : undefined)
  return {
    take(bytes) {
      text += decoder.decode(bytes, { stream: true })
      return undefined
    },
    over() {
      text += decoder.decode()
      return isJson && text !== '' && value() === undefined ? 'cut' : 'complete'
    },
    isFinished: () => false,
    answer() {
      const response = value()
      return response === undefined ? { response: text } : operation.readAnswer(response)
    },
    text: () => text,
  }
}

/** Sounds and pictures pass by: how much of what. */
function watchBytes(media_type: string): Watch {
  let bytes = 0
  return {
    take(piece) {
      bytes += piece.length
      return undefined
    },
    over: () => 'complete',
    isFinished: () => false,
    answer: () => ({ response: { media_type, bytes } }),
    text: () => undefined,
  }
}
