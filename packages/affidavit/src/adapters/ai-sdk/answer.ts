// The answer of a model, put together from the parts of its stream (spec/adapters-ai-sdk.md). Pure.

import type { Ended, ModelEnd } from '../../capture/steps.ts'
import { membersOf, type Shape, textOf } from '../wire/shape.ts'
import { failureOf, modelEndOf } from './step.ts'

export interface StreamedAnswer {
  add(part: unknown): void
  /** The end of a call whose stream ended like this: what the parts say of errors and cuts goes before. */
  endedAs(ended: Ended): ModelEnd
}

/** A piece of content: as one part told of it, or in deltas. */
type Piece =
  | { readonly part: unknown }
  | { readonly type: string; readonly begun: Shape; readonly deltas: readonly string[] }

const DELTAS = /^(text|reasoning|tool-input)-(start|delta|end)$/
const NO_CONTENT: ReadonlySet<unknown> = new Set(['raw', 'ping'])

export function streamedAnswer(): StreamedAnswer {
  const pieces: Piece[] = []
  const deltasOf = new Map<string, string[]>()
  let told: Shape = {}
  let failure: { readonly error: unknown } | undefined

  function addDelta(type: string, place: string, part: Shape): void {
    const key = `${type} ${part.id}`
    if (place === 'delta') return void deltasOf.get(key)?.push(textOf(part.delta) ?? '')
    if (place === 'end') return
    const deltas: string[] = []
    deltasOf.set(key, deltas)
    pieces.push({ type, begun: part, deltas })
  }

  return {
    add(value) {
      const part = membersOf(value)
      const [, type, place] = DELTAS.exec(textOf(part.type) ?? '') ?? []
      if (type !== undefined && place !== undefined) addDelta(type, place, part)
      else if (part.type === 'stream-start') told = { ...told, warnings: part.warnings }
      else if (part.type === 'response-metadata') told = { ...told, response: { ...membersOf(told.response), ...part } }
      else if (part.type === 'finish') told = { ...told, ...part }
      else if (part.type === 'error') failure ??= { error: part.error }
      else if (!NO_CONTENT.has(part.type)) pieces.push({ part: value })
    },
    endedAs(ended) {
      const isCut = ended === 'complete' && wasCut(told.finishReason)
      const end = modelEndOf({ ...told, content: contentOf(pieces) }, isCut ? 'cut' : ended)
      return failure === undefined ? end : { ...end, ...failureOf(failure.error) }
    },
  }
}

/** A provider's stream that ended without saying why: its package says so in its own words, or makes up an end. */
function wasCut(finishReason: unknown): boolean {
  const { unified, raw } = membersOf(finishReason)
  return unified === 'interrupted' || (unified === 'other' && raw === undefined)
}

/** The input of a tool is told twice, in deltas and as the call: the deltas are left where the call never came. */
function contentOf(pieces: readonly Piece[]): unknown[] {
  const called = new Set(pieces.map((piece) => ('part' in piece ? membersOf(piece.part).toolCallId : undefined)))
  return pieces.flatMap((piece) => {
    if ('part' in piece) return [piece.part]
    const { type, begun, deltas } = piece
    if (type === 'tool-input') return called.has(begun.id) ? [] : [{ ...begun, type, input: deltas.join('') }]
    return [{ type, text: deltas.join('') }]
  })
}
