// Reads a message out of the body of a response while it passes, as a stream or as JSON.

import type { Ended, ModelEnd } from '../../capture/steps.ts'
import type { BodyWatch } from '../streams/hold-terminal.ts'
import { watchEvents } from '../streams/watch-events.ts'
import { parsed, type Shape, shapeOf } from '../wire/shape.ts'
import { messageEnd } from './message-end.ts'
import { messageStream } from './message-stream.ts'

export interface MessageWatch extends BodyWatch {
  /** The outcome of the call, for a body that ended so. */
  outcome(ended: Ended, error?: unknown): ModelEnd
}

export function watchStream(): MessageWatch {
  const stream = messageStream()
  return {
    ...watchEvents({ take: stream.take, over: () => 'cut' }),
    outcome(ended, error) {
      const message = stream.message()
      const wrong = stream.error()
      // A client leaves where it cannot read on: that is not the application's doing.
      const how = wrong !== undefined && ended === 'cancelled' ? 'failed' : ended
      return { ...(message === undefined ? {} : messageEnd(message)), ended: how, error: wrong ?? error }
    },
  }
}

export function watchWhole(): MessageWatch {
  const decoder = new TextDecoder()
  let text = ''
  return {
    take(bytes) {
      text += decoder.decode(bytes, { stream: true })
      return undefined
    },
    over() {
      text += decoder.decode()
      return 'complete'
    },
    outcome(ended, error) {
      if (ended === 'cancelled') return { ended, error }
      const message = parsed(text)
      if (ended === 'complete' && isMessage(message)) return { ...messageEnd(message), ended }
      // Half a message answers nothing, and something else is none.
      return { ended: 'failed', response: message ?? text, error: error ?? new SyntaxError('the answer is no message') }
    },
  }
}

function isMessage(value: unknown): value is Shape {
  return shapeOf(value).type === 'message'
}
