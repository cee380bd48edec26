// The numbers of producers in what was recorded: what is missing is explained (spec/capture.md §6).

import assert from 'node:assert/strict'

import type { Range } from '../src/capture/ranges.ts'
import type { AuditRecord } from '../src/formats/fields.ts'

export function rangesIn({ details }: Pick<AuditRecord, 'details'>): readonly Range[] {
  // Details are what capture made them: ranges.
  return (details?.refused_seqs ?? []) as readonly Range[]
}

/** Every number of a producer is in one record, or said to be in none; and none is in two. */
export function assertExplained(records: readonly AuditRecord[]): void {
  const producers = new Set(records.map(({ producer_id }) => producer_id))
  for (const producer of producers) {
    if (producer === undefined) continue
    const own = records.filter(({ producer_id }) => producer_id === producer)
    const numbers = own.map(({ producer_seq = -1 }) => producer_seq).sort((a, b) => a - b)
    assert.deepEqual(numbers, [...new Set(numbers)], 'no number is used twice')
    const explained = new Set(numbers)
    for (const [first, last] of own.flatMap(rangesIn)) for (let n = first; n <= last; n++) explained.add(n)
    assert.deepEqual(
      [...explained].sort((a, b) => a - b),
      Array.from({ length: (numbers.at(-1) ?? -1) + 1 }, (_, i) => i),
      'no number is missing without a word',
    )
  }
}
