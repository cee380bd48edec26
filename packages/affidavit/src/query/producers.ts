// What producers numbered, and when they were degraded (spec/authority.md §6).

import type { AuditRecord } from '../formats/fields.ts'
import { createNumberRanges, type NumberRange, type NumberRanges, splitBy } from './number-ranges.ts'

/** Where a record stands in time. */
export type Place = Readonly<Pick<AuditRecord, 'seq' | 'timestamp' | 'recorded_at'>>

/** Numbers of a producer that no record has, or that several have. */
export interface Numbers {
  readonly producer_id: string
  readonly from: number
  readonly to: number
  readonly state: 'missing' | 'refused' | 'repeated'
  /** The record that shows it: with the next number, or with the number that was there. */
  readonly shown_by: Place
}

/** A time during which a producer could not record. */
export interface Degraded {
  readonly producer_id: string
  /** Of its records, as far as they are there. */
  readonly degraded_seq?: number
  readonly resumed_seq?: number
  readonly since?: string
  readonly until?: string
  readonly reason?: string
  readonly refused?: number
  readonly spooled?: number
  /** That of its last record. */
  readonly shown_by: Place
}

export interface Producers {
  see(record: AuditRecord): void
  /** By producer, ascending. */
  numbers(): Generator<Numbers>
  /** In the order in which they ended, then those that did not. */
  degraded(): readonly Degraded[]
}

interface Producer {
  readonly numbers: NumberRanges<Place>
  readonly repeated: NumberRanges<Place>
  readonly refused: NumberRange[]
}

export function createProducers(): Producers {
  const producers = new Map<string, Producer>()
  const begun = new Map<string, Degraded>()
  const ended: Degraded[] = []

  function producerOf(producer_id: string): Producer {
    const producer = producers.get(producer_id) ?? {
      numbers: createNumberRanges<Place>(),
      repeated: createNumberRanges<Place>(),
      refused: [],
    }
    producers.set(producer_id, producer)
    return producer
  }

  function degrade(record: AuditRecord): void {
    const producer_id = record.producer_id ?? record.actor_id
    const period = { ...begun.get(producer_id), producer_id, ...toldIn(record), shown_by: placeOf(record) }
    if (record.action === 'logging_degraded') {
      const unfinished = begun.get(producer_id)
      if (unfinished !== undefined) ended.push(unfinished)
      begun.set(producer_id, { producer_id, ...toldIn(record), degraded_seq: record.seq, shown_by: placeOf(record) })
      return
    }
    begun.delete(producer_id)
    ended.push({ ...period, resumed_seq: record.seq })
    producerOf(producer_id).refused.push(...rangesIn(record.details?.refused_seqs))
  }

  return {
    see(record) {
      const { action, producer_id, producer_seq } = record
      if (action === 'logging_degraded' || action === 'logging_resumed') degrade(record)
      if (producer_id === undefined || producer_seq === undefined) return
      const { numbers, repeated } = producerOf(producer_id)
      const place = placeOf(record)
      if (!numbers.add(producer_seq, place)) repeated.add(producer_seq, place)
    },
    *numbers() {
      for (const [producer_id, { numbers, repeated, refused }] of producers) {
        let next = 0
        for (const { from, to, first } of numbers.ranges) {
          const { outside, inside } = splitBy([next, from - 1], refused)
          for (const [a, b] of outside) yield { producer_id, from: a, to: b, state: 'missing', shown_by: first }
          for (const [a, b] of inside) yield { producer_id, from: a, to: b, state: 'refused', shown_by: first }
          next = to + 1
        }
        for (const { from, to, last } of repeated.ranges) {
          yield { producer_id, from, to, state: 'repeated', shown_by: last }
        }
      }
    },
    degraded: () => [...ended, ...begun.values()],
  }
}

function placeOf({ seq, timestamp, recorded_at }: AuditRecord): Place {
  return { seq, timestamp, recorded_at }
}

type Told = Pick<Degraded, 'since' | 'until' | 'reason' | 'refused' | 'spooled'>

// Details are what a process said: what is not of its form is left out.
function toldIn({ details = {} }: AuditRecord): Told {
  const { since, until, reason, refused, spooled } = details
  return {
    ...(typeof since === 'string' ? { since } : {}),
    ...(typeof until === 'string' ? { until } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof refused === 'number' ? { refused } : {}),
    ...(typeof spooled === 'number' ? { spooled } : {}),
  }
}

function rangesIn(value: unknown): readonly NumberRange[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((range: unknown) => {
    if (!Array.isArray(range) || range.length !== 2) return []
    const [from, to]: readonly unknown[] = range
    return typeof from === 'number' && typeof to === 'number' ? [[from, to] as const] : []
  })
}
