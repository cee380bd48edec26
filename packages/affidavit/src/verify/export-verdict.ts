// The verdict on an export, on every axis, and what was not checked.

import { toHex } from '../bytes/hex.ts'
import { asksForAll, type ExportCover } from '../formats/export.ts'
import { type Anchor, type Anchored, anchorAxis, unanchored } from './anchors.ts'
import { signerAxis, timeAxis } from './checkpoints.ts'
import { contentApart } from './content.ts'
import type { CheckedEntries } from './export-entries.ts'
import type { SignedExport } from './export-signed.ts'
import type { FindingList } from './finding.ts'
import type { ReleasedHolds } from './hold-releases.ts'
import { type LeftEntries, leftSays, NOTHING_LEFT } from './left.ts'
import { producersOpen, withReleases } from './log.ts'
import { type AxisReport, type Report, report } from './report.ts'
import type { Trust } from './trust.ts'

/** What was checked against the tree. */
export interface CheckedExport {
  readonly entries: CheckedEntries
  /** What was destroyed. */
  readonly left: LeftEntries
  readonly released: ReleasedHolds
  readonly anchored: readonly Anchored[]
  /** What the anchors leave open, in words. */
  readonly open: readonly string[]
}

export interface ExportVerdict {
  readonly signed: SignedExport
  readonly options: { readonly trust: Trust; readonly anchors: readonly Anchor[] }
  /** Absent where nothing says which tree the entries belong to. */
  readonly checked: CheckedExport | undefined
  readonly findings: FindingList
}

export function exportReport({ signed, options, checked, findings }: ExportVerdict): Report {
  const { origin, head, cover } = signed
  const size = head?.size ?? 0
  return report({
    subject: {
      kind: 'export',
      origin,
      ...(head === undefined ? {} : { size, root: toHex(head.root) }),
    },
    checked: checked?.entries.checked ?? 0,
    findings,
    entries: checked !== undefined && checked.entries.lines === 0 ? 'none' : 'some',
    axes: {
      content: { verdict: 'intact', says: 'intact' },
      order: orderOf(cover),
      completeness: completenessOf(cover, checked),
      signer: withReleases(signerAxis(signed.signed, options.trust), checked?.released ?? []),
      time: timeOf(signed),
      anchor: anchorAxis(checked?.anchored ?? [], size),
    },
    notChecked: [
      ...notChecked(signed, options.trust, checked),
      ...(checked?.open ?? []),
      ...unanchored(options.anchors, checked?.anchored ?? [], size),
      'times: the ledger’s own claims, no time-stamping authority has attested them',
    ],
  })
}

function orderOf(cover: ExportCover | undefined): AxisReport {
  if (cover !== undefined && asksForAll(cover.query)) return { verdict: 'intact', says: 'intact' }
  return { verdict: 'intact', says: 'intact: each entry at its place, and links to neighbours that are in the export' }
}

function completenessOf(cover: ExportCover | undefined, checked: CheckedExport | undefined): AxisReport {
  if (cover === undefined) return { verdict: 'not claimed', says: 'not claimed: no cover says what this export is' }
  const asOf = `as of ${cover.exported_at}`
  if (!asksForAll(cover.query)) {
    const answer = `${cover.count} of ${cover.tree_size} entries answer the query, ${asOf}`
    return { verdict: 'not claimed', says: `not claimed for the filter: ${answer}` }
  }
  const strange = checked?.entries.uninterpreted ?? 0
  const later = strange === 0 ? '' : `; ${strange} of a later format, hashed but not interpreted`
  return {
    verdict: 'complete',
    says: `complete 0..${cover.as_of_seq}, ${asOf}${later}${leftSays(checked?.left ?? NOTHING_LEFT)}`,
  }
}

function timeOf({ signed, cover }: SignedExport): AxisReport {
  const { verdict, says } = timeAxis(signed)
  return cover === undefined ? { verdict, says } : { verdict, says: `${says}; exported at ${cover.exported_at}` }
}

function notChecked({ cover }: SignedExport, trust: Trust, checked: CheckedExport | undefined): string[] {
  const list: string[] = []
  if (trust.kind === 'first use') list.push('the key: none was pinned (--vkey)')
  if (checked === undefined) return [...list, 'the entries: nothing says which tree they belong to']
  if (cover === undefined) list.push('whether the entries are those that were asked for: no cover says so')
  else if (asksForAll(cover.query)) list.push('that no id stands twice: an export has no index')
  else list.push('whether more entries fit the query, and every entry outside it', 'the running numbers of producers')
  const { uninterpreted, contents } = checked.entries
  list.push(...producersOpen(checked))
  if (contents > 0) list.push(contentApart(contents))
  if (uninterpreted > 0)
    list.push(`${uninterpreted} entries of a format that this version does not know: hashed, not interpreted`)
  return list
}
