// The items of a request, each read in its dialect (spec/otlp.md §3).

import type { Decoded, DecodedItem } from './decode.ts'
import { digestOf } from './item-digest.ts'
import type { Dialect, Reading } from './step.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'

export interface ReadItem extends DecodedItem {
  /** `undefined` where no dialect knows it: it is kept, and nothing is made of it. */
  readonly dialect: string | undefined
  readonly reading: Reading
  readonly digest: string
}

const NOTHING: Reading = { about: {}, steps: [] }

export function readRequest(
  { items }: Decoded,
  dialects: readonly Dialect[],
  ledger: Pick<TelemetryLedger, 'digest'>,
): readonly ReadItem[] {
  return items.map((one) => {
    const dialect = dialects.find(({ recognises }) => recognises(one.item))
    return {
      ...one,
      dialect: dialect?.name,
      reading: dialect?.read(one.item) ?? NOTHING,
      digest: dialect === undefined ? '' : digestOf(one.item, ledger),
    }
  })
}
