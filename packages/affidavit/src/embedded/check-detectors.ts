// Whether detectors of one's own can be told apart in records: each has a name of its own (spec/detection.md §10).

import { labelProblem } from '../bytes/label.ts'
import type { Detector } from '../classify/detector.ts'
import { LedgerError } from '../errors/ledger-error.ts'

const MAX_DETECTORS = 16
/** Bytes of a name: it stands in every record that the detector failed at. */
const MAX_NAME_BYTES = 64
/** A timer holds no more. */
const MAX_PATIENCE = 2 ** 31 - 1

/** @throws LedgerError `invalid-query` with the place */
export function checkDetectors(detectors: readonly Detector[], patienceMillis: number): void {
  if (detectors.length > MAX_DETECTORS) throw refused('detectors', `are more than ${MAX_DETECTORS}`)
  const names = new Set<string>()
  for (const [i, { name }] of detectors.entries()) {
    const problem = typeof name === 'string' ? labelProblem(name, MAX_NAME_BYTES) : 'is no text'
    if (problem !== undefined) throw refused(`detectors[${i}].name`, problem)
    if (names.has(name)) throw refused(`detectors[${i}].name`, 'is the name of another detector')
    names.add(name)
  }
  const isTime = Number.isSafeInteger(patienceMillis) && patienceMillis >= 1 && patienceMillis <= MAX_PATIENCE
  if (!isTime) throw refused('detectorPatienceMillis', `is no whole number from 1 to ${MAX_PATIENCE}`)
}

function refused(path: string, problem: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${path} ${problem}`,
    cure: 'give each detector a short name of its own; it is told in records',
    path,
  })
}
