// An archive, a segment at a time: each has to stand alone; together they say how much of it was looked at (spec/archive.md §6).

import type { KeyObject } from 'node:crypto'

import type { SegmentManifest } from '../formats/segment.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import { createFindings } from './finding.ts'
import { type Report, report } from './report.ts'
import { checkSegment, type ExpectedSegment, type SegmentBytes, type SegmentTrust } from './segment.ts'

export interface ArchiveVerification {
  /** @param key of the scope of the segment: `undefined` where it is not in the keyring, `none` where nothing is to be opened */
  check(
    segment: SegmentBytes,
    expected: ExpectedSegment | undefined,
    keyOf: (manifest: SegmentManifest) => KeyObject | 'none' | undefined,
  ): void
  report(): Report
}

/** @param pinned `first use`: the keys are those that the ledger names itself */
export function createArchiveVerification(
  trust: SegmentTrust,
  pinned: 'pinned key' | 'first use',
  against: 'the ledger' | 'nothing',
): ArchiveVerification {
  const findings = createFindings()
  let [segments, opened, said] = [0, 0, 0]
  const [key] = trust.keys
  return {
    check(segment, expected, keyOf) {
      const checked = checkSegment(segment, expected, trust, keyOf, findings)
      segments++
      opened += checked.opened
      said += checked.said
    },
    report: () =>
      report({
        subject: { kind: 'archive', origin: trust.origin },
        checked: opened,
        findings,
        entries: segments === 0 ? 'none' : 'some',
        axes: {
          content: contentOf(opened, said),
          order: {
            verdict: 'intact',
            says: `intact within each of ${segments} segments, under the root of its checkpoint`,
          },
          completeness:
            against === 'nothing'
              ? { verdict: 'not claimed', says: 'not claimed: no ledger says what has to be there' }
              : { verdict: 'complete', says: 'complete: every segment that the ledger has on record' },
          signer:
            key === undefined
              ? { verdict: 'unsigned', says: 'unsigned' }
              : { verdict: pinned, says: `${pinned} ${formatVerifierKey(key)}` },
          time: { verdict: 'asserted', says: 'asserted by the ledger' },
          anchor: { verdict: 'none', says: 'none: the checkpoints of the archive were not compared with others' },
        },
        notChecked: [
          ...(said > opened
            ? [`${said - opened} entries that stayed sealed: their bytes are those that were signed`]
            : []),
          'whether the store keeps what it has locked: affidavit archive status asks it',
          ...(against === 'nothing' ? [] : ['entries that are not archived: affidavit verify']),
        ],
      }),
  }
}

function contentOf(opened: number, said: number): { readonly verdict: string; readonly says: string } {
  if (opened === 0 && said > 0)
    return { verdict: 'intact', says: 'intact: every object is the one that was signed; none was opened' }
  return { verdict: 'intact', says: `intact: ${opened} entries and their payloads were opened` }
}
