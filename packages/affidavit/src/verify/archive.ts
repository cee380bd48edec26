// An archive, a segment at a time: each has to stand alone; together they say how much of it was looked at (spec/archive.md §6).

import type { KeyObject } from 'node:crypto'

import type { Hash } from '../crypto/sha256.ts'
import type { SegmentManifest } from '../formats/segment.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import { type CheckpointObject, checkArchivedCheckpoints, type WantedCheckpoint } from './archived-checkpoints.ts'
import { createFindings } from './finding.ts'
import { type AxisReport, type Report, report } from './report.ts'
import { checkSegment, type ExpectedSegment, type SegmentBytes, type SegmentTrust } from './segment.ts'

export interface ArchiveVerification {
  /** @param key of the scope of the segment: `undefined` where it is not in the keyring, `none` where nothing is to be opened */
  check(
    segment: SegmentBytes,
    expected: ExpectedSegment | undefined,
    keyOf: (manifest: SegmentManifest) => KeyObject | 'none' | undefined,
  ): void
  /** @param kept the tree of each checkpoint that the ledger keeps, by its size; left out where no ledger is at hand */
  checkpoints(
    objects: readonly CheckpointObject[],
    wanted: readonly WantedCheckpoint[],
    kept?: ReadonlyMap<number, Hash>,
  ): void
  /** @param withoutManifest objects of which nothing says what they are */
  report(withoutManifest?: number): Report
}

/** @param pinned `first use`: the keys are those that the ledger names itself */
export function createArchiveVerification(
  trust: SegmentTrust,
  pinned: 'pinned key' | 'first use',
  against: 'the ledger' | 'nothing',
): ArchiveVerification {
  const findings = createFindings()
  let [segments, standing, opened, said, agreed] = [0, 0, 0, 0, 0]
  const [key] = trust.keys
  return {
    check(segment, expected, keyOf) {
      const checked = checkSegment(segment, expected, trust, keyOf, findings)
      segments++
      if (checked.stands) standing++
      opened += checked.opened
      said += checked.said
    },
    checkpoints(objects, wanted, kept) {
      agreed = checkArchivedCheckpoints(
        objects,
        wanted,
        { ...trust, ...(kept === undefined ? {} : { kept }) },
        findings,
      )
    },
    report: (withoutManifest = 0) =>
      report({
        subject: { kind: 'archive', origin: trust.origin },
        checked: opened,
        findings,
        entries: segments === 0 ? 'none' : 'some',
        axes: {
          content: contentOf(opened, standing),
          order: orderOf(standing),
          completeness:
            against === 'nothing'
              ? { verdict: 'not claimed', says: 'not claimed: no ledger says what has to be there' }
              : { verdict: 'complete', says: 'complete: every segment that the ledger has on record' },
          signer:
            key === undefined
              ? { verdict: 'unsigned', says: 'unsigned' }
              : { verdict: pinned, says: `${pinned} ${formatVerifierKey(key)}` },
          time: { verdict: 'asserted', says: 'asserted by the ledger' },
          anchor: anchorOf(agreed, against),
        },
        notChecked: [
          ...(said > opened
            ? [`${said - opened} entries that stayed sealed: their bytes are those that were signed`]
            : []),
          ...(withoutManifest === 0
            ? []
            : [`objects without a manifest: ${withoutManifest}; nothing here says what they are`]),
          'whether the store keeps what it has locked: affidavit archive status asks it',
          ...(against === 'nothing' ? [] : ['entries that are not archived: affidavit verify']),
        ],
      }),
  }
}

function anchorOf(agreed: number, against: 'the ledger' | 'nothing'): AxisReport {
  const count = `${agreed} ${agreed === 1 ? 'checkpoint' : 'checkpoints'} of the archive`
  if (agreed === 0) return { verdict: 'none', says: 'none: the archive has no checkpoint of this ledger' }
  if (against === 'nothing') return { verdict: 'none', says: `none: ${count}, held against nothing but the segments` }
  return { verdict: 'archive', says: `archive: the ledger keeps ${count}, with the same trees` }
}

function contentOf(opened: number, standing: number): AxisReport {
  if (standing === 0) return { verdict: 'not claimed', says: 'not claimed: no segment stands' }
  if (opened === 0)
    return { verdict: 'intact', says: 'intact: every object is the one that was signed; none was opened' }
  return { verdict: 'intact', says: `intact: ${opened} entries and their payloads were opened` }
}

function orderOf(standing: number): AxisReport {
  if (standing === 0) return { verdict: 'not claimed', says: 'not claimed: no segment stands' }
  const segments = standing === 1 ? '1 segment' : `each of ${standing} segments`
  return { verdict: 'intact', says: `intact within ${segments}, under the root of its checkpoint` }
}
