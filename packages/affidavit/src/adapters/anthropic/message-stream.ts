// Puts the events of a streamed message together again (Anthropic, "Streaming messages"). Pure. What it does not know it keeps as it
// came: models find ways to say things that are younger than this file.

import type { Ended } from '../../capture/steps.ts'
import type { SseEvent } from '../streams/read-sse.ts'
import { listOf, parsed, type Shape, shapeOf } from '../wire/shape.ts'
import { providerError } from './provider-error.ts'

export interface MessageStream {
  /** Takes an event. How the stream ended, where this is its last one; `hold` where it completes a call of a tool. */
  take(event: SseEvent): Ended | 'hold' | undefined
  /** The message as far as it came; `undefined` before it began. */
  message(): Shape | undefined
  /** What went wrong, as the stream says itself, or as it shows. */
  error(): unknown
}

export function messageStream(): MessageStream {
  let message: Shape | undefined
  const blocks = new Map<unknown, Block>()
  const unknown: Shape[] = []
  let error: unknown

  function take({ name, data }: SseEvent): Ended | 'hold' | undefined {
    const event = parsed(data)
    return typeof event === 'object' && event !== null ? read(shapeOf(event)) : malformed(name, data)
  }

  function malformed(name: string | undefined, data: string): Ended | undefined {
    error ??= name === 'error' ? data : new SyntaxError(`an event of the stream is no JSON object: ${data}`)
    return name === 'error' || name === 'message_stop' ? 'failed' : undefined
  }

  function read(event: Shape): Ended | 'hold' | undefined {
    switch (event.type) {
      case 'message_start':
        message = shapeOf(event.message)
        return undefined
      case 'content_block_start':
        blocks.set(event.index, beginBlock(shapeOf(event.content_block)))
        return undefined
      case 'content_block_delta':
        blocks.get(event.index)?.take(shapeOf(event.delta))
        return undefined
      case 'message_delta':
        message = changed(shapeOf(message), event)
        return undefined
      case 'content_block_stop':
        return blocks.get(event.index)?.type === 'tool_use' ? 'hold' : undefined
      case 'ping':
        return undefined
      case 'message_stop':
        return error === undefined ? 'complete' : 'failed'
      case 'error':
        error = providerError(event.error)
        return 'failed'
      default:
        unknown.push(event)
        return undefined
    }
  }

  return {
    take,
    error: () => error,
    message() {
      if (message === undefined) return undefined
      const content = [...blocks.values()].map((block) => block.whole())
      const whole = { ...message, model: content.reduce(answeredBy, message.model), content }
      return unknown.length === 0 ? whole : { ...whole, unknown_events: unknown }
    },
  }
}

/** Counters are those of the whole message so far; what does not apply is left out, or null. */
function changed(message: Shape, { type: _, delta, usage, ...rest }: Shape): Shape {
  const counted = { ...shapeOf(message.usage), ...present(shapeOf(usage)) }
  return { ...message, ...shapeOf(delta), ...present(rest), usage: counted }
}

function present(members: Shape): Shape {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null))
}

/** The newest block that hands over to another model names the one that answered. */
function answeredBy(model: unknown, { type, to }: Shape): unknown {
  return type === 'fallback' ? (shapeOf(to).model ?? model) : model
}

interface Block {
  readonly type: unknown
  take(delta: Shape): void
  /** As it would stand in a message that is not streamed. */
  whole(): Shape
}

function beginBlock(begun: Shape): Block {
  let block = begun
  let input = ''
  const unknown: Shape[] = []
  return {
    type: begun.type,
    take({ type, ...delta }) {
      switch (type) {
        case 'text_delta':
          block = { ...block, text: joined(block.text, delta.text) }
          break
        case 'thinking_delta':
          block = { ...block, thinking: joined(block.thinking, delta.thinking) }
          break
        case 'citations_delta':
          block = { ...block, citations: [...listOf(block.citations), delta.citation] }
          break
        case 'input_json_delta':
          input = joined(input, delta.partial_json)
          break
        case 'signature_delta':
        case 'compaction_delta':
          block = { ...block, ...delta }
          break
        default:
          unknown.push({ type, ...delta })
      }
    },
    whole: () => ({
      ...block,
      ...(input === '' ? {} : { input: parsed(input) ?? input }),
      ...(unknown.length === 0 ? {} : { unknown_deltas: unknown }),
    }),
  }
}

function joined(before: unknown, more: unknown): string {
  return `${before ?? ''}${more ?? ''}`
}
