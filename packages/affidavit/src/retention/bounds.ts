// Several periods as one: the latest minimum, the earliest maximum (spec/retention.md §4). Pure.

import type { UnixMillis } from '../clock/clock.ts'
import type { Bound, Counted } from './judgement.ts'
import type { Anchor } from './policy.ts'

/** While one of them waits, all of it does. */
export function latest(counted: readonly Counted[]): Bound {
  if (counted.length === 0) return { state: 'none' }
  let known: UnixMillis | undefined
  const awaited = new Set<Anchor>()
  for (const one of counted) {
    if (one.state === 'waits') for (const anchor of one.for) awaited.add(anchor)
    else known = known === undefined ? one.until : Math.max(known, one.until)
  }
  if (known === undefined || awaited.size > 0) return { state: 'waits', for: [...awaited], at_least: known }
  return { state: 'until', until: known }
}

/** What waits may still end earlier, and never makes it later. */
export function earliest(counted: readonly Counted[]): Bound {
  let known: UnixMillis | undefined
  for (const one of counted) {
    if (one.state === 'counted') known = known === undefined ? one.until : Math.min(known, one.until)
  }
  if (known !== undefined) return { state: 'until', until: known }
  return counted.length === 0 ? { state: 'none' } : latest(counted)
}

/** The later of two bounds of which both hold. */
export function laterBound(one: Bound, other: Bound): Bound {
  if (one.state === 'none') return other
  if (other.state === 'none') return one
  if (one.state === 'until' && other.state === 'until') return one.until >= other.until ? one : other
  const awaited = [one, other].flatMap((bound) => (bound.state === 'waits' ? bound.for : []))
  const known = [one, other].flatMap((bound) => (bound.state === 'waits' ? (bound.at_least ?? []) : bound.until))
  return { state: 'waits', for: [...new Set(awaited)], at_least: known.length === 0 ? undefined : Math.max(...known) }
}

// What is known of a minimum that waits is passed by no later anchor.
export function endsBefore(maximum: Bound, minimum: Bound): boolean {
  if (maximum.state !== 'until') return false
  if (minimum.state === 'until') return maximum.until < minimum.until
  return minimum.state === 'waits' && minimum.at_least !== undefined && maximum.until < minimum.at_least
}
