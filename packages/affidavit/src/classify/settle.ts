// Candidates of many detectors become spans that do not overlap. Nothing that was found becomes visible by it: where two
// overlap, the lesser keeps what the better leaves.

import type { DetectedType, Detection } from './detector.ts'
import { isWordAt } from './tokens.ts'

/** The more a form proves by itself, the earlier: a checksum, a fixed form, a label, a recogniser's opinion. */
const RANKS: readonly DetectedType[] = [
  'card_track_data',
  'card_verification_value',
  'card_pin',
  'payment_card',
  'iban',
  'npi',
  'nhs_number',
  'us_routing_number',
  'dea_number',
  'medicare_beneficiary_id',
  'us_itin',
  'us_ssn',
  'ip_address',
  'email_address',
  'birth_date',
  'us_passport',
  'us_bank_account',
  'us_driver_license',
  'medical_record_number',
  'phone_number',
  'us_address',
  'known_identifier',
  'postal_address',
  'person_name',
]
const RANK: ReadonlyMap<DetectedType, number> = new Map(RANKS.map((type, rank) => [type, rank]))

/** Sorted, without overlap. Of two that overlap the one that holds the other wins, then the one that proves more. */
export function settle<Type extends DetectedType>(
  text: string,
  candidates: readonly Detection<Type>[],
): readonly Detection<Type>[] {
  if (candidates.length < 2) return candidates
  const waiting = candidates.toSorted((a, b) => a.start - b.start || b.end - a.end || rankOf(a) - rankOf(b))
  const settled: Detection<Type>[] = []
  for (const candidate of waiting) place(text, settled, candidate)
  return settled
}

function place<Type extends DetectedType>(text: string, settled: Detection<Type>[], next: Detection<Type>): void {
  const last = settled.at(-1)
  if (last === undefined || last.end <= next.start) {
    settled.push(next)
  } else if (next.end > last.end) {
    if (rankOf(next) < rankOf(last)) giveWay(text, settled, last, next)
    else pushPart(text, settled, { ...next, start: last.end })
  }
}

function giveWay<Type extends DetectedType>(
  text: string,
  settled: Detection<Type>[],
  last: Detection<Type>,
  next: Detection<Type>,
): void {
  settled.pop()
  if (last.start < next.start) {
    pushPart(text, settled, { ...last, end: next.start })
    settled.push(next)
    // The last was itself what an earlier one had left: that one may reach in here as well.
  } else place(text, settled, next)
}

function pushPart<Type extends DetectedType>(text: string, settled: Detection<Type>[], part: Detection<Type>): void {
  for (let at = part.start; at < part.end; at++) {
    if (isWordAt(text, at)) {
      settled.push(part)
      return
    }
  }
}

function rankOf({ type }: Detection): number {
  return RANK.get(type) ?? RANKS.length
}
