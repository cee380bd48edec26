// Evaluating a JSONPath (RFC 9535 §2) with a meter: every value that is looked at is counted, and too many end it.

import type { JsonValue } from '../bytes/json.ts'
import type { Condition, Segment, Selector } from './json-path.ts'

/** Values that one evaluation looks at. */
export const MAX_VISITED = 100_000

export type Selected =
  | { readonly kind: 'nodes'; readonly nodes: readonly JsonValue[]; readonly visited: number }
  | { readonly kind: 'too-much'; readonly visited: number }

/** The values that a path selects, in the order of RFC 9535, or that there was too much to look at. */
export function select(root: JsonValue, segments: readonly Segment[]): Selected {
  const meter: Meter = { visited: 0 }
  const nodes = [...segments.reduce<Iterable<JsonValue>>((found, segment) => take(found, segment, meter), [root])]
  const { visited } = meter
  return isSpent(meter) ? { kind: 'too-much', visited } : { kind: 'nodes', nodes, visited }
}

interface Meter {
  visited: number
}

function isSpent(meter: Meter): boolean {
  return meter.visited > MAX_VISITED
}

function* take(found: Iterable<JsonValue>, { descend, selector }: Segment, meter: Meter): Iterable<JsonValue> {
  for (const node of found) {
    for (const one of descend ? within(node, meter) : [node]) {
      if (isSpent(meter)) return
      yield* choose(one, selector, meter)
    }
  }
}

// The value itself, then all below it, each before what is below it. No recursion: documents may be deep.
function* within(root: JsonValue, meter: Meter): Iterable<JsonValue> {
  const waiting = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node
    const below = childrenOf(node, meter)
    for (let i = below.length - 1; i >= 0; i--) waiting.push(below[i] ?? null)
  }
}

function* choose(node: JsonValue, selector: Selector, meter: Meter): Iterable<JsonValue> {
  switch (selector.kind) {
    case 'name':
    case 'index': {
      const value = own(node, selector.kind === 'name' ? selector.name : selector.index, meter)
      if (value !== undefined) yield value
      return
    }
    case 'every':
      yield* childrenOf(node, meter)
      return
    case 'where':
      for (const child of childrenOf(node, meter)) {
        if (isSpent(meter)) return
        if (selector.groups.some((group) => group.every((condition) => holds(child, condition, meter)))) yield child
      }
  }
}

function childrenOf(node: JsonValue, meter: Meter): readonly JsonValue[] {
  if (typeof node !== 'object' || node === null) return []
  const children = Array.isArray(node) ? node : Object.values(node)
  meter.visited += children.length
  return children
}

function own(node: JsonValue, step: string | number, meter: Meter): JsonValue | undefined {
  meter.visited++
  if (typeof step === 'number') return Array.isArray(node) ? node.at(step) : undefined
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return undefined
  return Object.hasOwn(node, step) ? node[step] : undefined
}

function holds(element: JsonValue, { steps, is }: Condition, meter: Meter): boolean {
  const value = steps.reduce<JsonValue | undefined>(
    (at, step) => (at === undefined ? undefined : own(at, step, meter)),
    element,
  )
  if (is.kind === 'there') return value !== undefined
  return (value === is.literal) === (is.kind === 'equal')
}
