// Whose records those of a step are (spec/otlp.md §6): what tells of the same has the same origin, and so the same ids.

import type { CallContent, WholeStep } from './step.ts'
import type { Item, LogRecord } from './telemetry.ts'

export type Origin =
  /** Whoever tells of it. */
  | { readonly of: 'span'; readonly traceId: string; readonly spanId: string }
  /** As the emitter itself names it. */
  | { readonly of: 'request'; readonly dialect: string; readonly id: string }
  /** This item alone. */
  | { readonly of: 'item'; readonly digest: string }

/** What an item is read as, and what tells it from others. */
interface Source<Of extends Item> {
  readonly item: Of
  readonly dialect: string
  readonly digest: string
}

export function originOfStep({ item, dialect, digest }: Source<Item>, step: WholeStep): Origin {
  if (item.signal === 'traces') return { of: 'span', traceId: item.traceId, spanId: item.spanId }
  const id = step.kind === 'model_call' ? step.requestId : undefined
  return id === undefined ? { of: 'item', digest } : { of: 'request', dialect, id }
}

/** Of the call that this was told of. What the emitter says of it goes before the span that it happens to be told in. */
export function originOfContent(
  { item, dialect, digest }: Source<LogRecord>,
  contents: readonly CallContent[],
): Origin {
  const id = contents.map(({ requestId }) => requestId).find((one) => one !== undefined)
  if (id !== undefined) return { of: 'request', dialect, id }
  const { traceId, spanId } = item
  return traceId === undefined || spanId === undefined ? { of: 'item', digest } : { of: 'span', traceId, spanId }
}

/** What names an origin, and no other one. */
export function wordsOf(origin: Origin): readonly string[] {
  switch (origin.of) {
    case 'span':
      return ['span', origin.traceId, origin.spanId]
    case 'request':
      return ['request', origin.dialect, origin.id]
    case 'item':
      return ['item', origin.digest]
  }
}
