// Verifying an export: a folder, the keys that the caller pins, and nothing else (spec/export.md §4).

import type { Hash } from '../crypto/sha256.ts'
import { asksForAll, COVER_FILE, type ExportCover } from '../formats/export.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import type { TreeHead } from '../merkle/head.ts'
import { type Anchor, checkAnchors } from './anchors.ts'
import { checkpointOfSize } from './checkpoints.ts'
import { anchorsUntil, checkNewer, sizesIn, speakOfNewer } from './export-anchors.ts'
import { compareListed } from './export-cover.ts'
import { type CheckedEntries, checkEntries, ENTRIES_FILE } from './export-entries.ts'
import { readSignedExport, type SignedExport } from './export-signed.ts'
import { findStrays } from './export-strays.ts'
import { createExportTree, type ExportTree } from './export-tree.ts'
import { type CheckedExport, exportReport } from './export-verdict.ts'
import { countAll, createFindings, type FindingList, finding } from './finding.ts'
import { type Folder, openFolder } from './folder.ts'
import { type ComputedTree, firstContradiction } from './heads.ts'
import { judgeHoldReleases } from './hold-releases.ts'
import { judgeLeft, type LeftEntries, NOTHING_LEFT, readLeavePapers } from './left.ts'
import { checkProducers } from './log.ts'
import { disposalsBy } from './read-disposals.ts'
import type { Report } from './report.ts'
import type { Trust } from './trust.ts'

export interface ExportOptions {
  readonly trust: Trust
  /** Checkpoints that the caller kept. */
  readonly anchors: readonly Anchor[]
  /** Keys of those who may approve; where left out, by whose leave records were destroyed and holds released is not checked. */
  readonly approvers?: readonly VerifierKey[]
  /** Lines read so far, of as many as the cover counts. */
  readonly onProgress?: (checked: number, total: number) => void
}

/** Conversations; a ledger that has more going on at once takes longer, not more memory. */
const REMEMBERED = 50_000

/**
 * Verifies the export in `folder`. No content of it makes this throw: what is wrong is in the report.
 * @throws VerifyError `unavailable` where a file or folder cannot be read
 */
export async function verifyExport(folder: string, options: ExportOptions): Promise<Report> {
  const findings = createFindings()
  const files = openFolder(folder)
  const signed = readSignedExport(files, options.trust, findings)
  const checked = signed.head === undefined ? undefined : await checkTree(files, signed, signed.head, options, findings)
  if (signed.cover !== undefined) compareListed(files, signed.cover, findings)
  findStrays(files, signed.cover, signed.head?.size, findings)
  return exportReport({ signed, options, checked, findings })
}

/** Everything that hangs on size and root of the tree: tiles, entries, the history of keys, anchors. */
async function checkTree(
  folder: Folder,
  signed: SignedExport,
  head: TreeHead,
  { anchors, approvers = [], onProgress }: ExportOptions,
  findings: FindingList,
): Promise<CheckedExport> {
  const sizes = [...signed.rotations.map(({ size }) => size), ...sizesIn(anchors)].filter((size) => size <= head.size)
  const tree = createExportTree(head, folder, sizes, findings)
  const { origin, keyLines, cover } = signed
  const total = cover?.count ?? head.size
  const before = countAll(findings)
  const entries = await checkEntries({
    folder,
    origin,
    size: head.size,
    query: cover?.query,
    bytes: cover?.files[ENTRIES_FILE]?.bytes,
    keyLines,
    tree,
    findings,
    remembered: REMEMBERED,
    onProgress: (lines) => onProgress?.(lines, total),
  })
  const left = judgeDestroyed(entries.links, origin, { size: head.size, approvers }, findings)
  const released = judgeHoldReleases(origin, entries.links.holdRecords, approvers, findings)
  if (cover !== undefined) compareEntries(cover, signed, entries, countAll(findings) - before, findings)
  return { entries, left, released, ...holdAgainst(computedTree(head.size, tree), signed, anchors, findings) }
}

// What the papers of dispositions say of the lines of destroyed entries: they are records in the export, as every other.
function judgeDestroyed(
  { destroyed, leaveRecords }: CheckedEntries['links'],
  origin: string,
  { size, approvers }: { readonly size: number; readonly approvers: readonly VerifierKey[] },
  findings: FindingList,
): LeftEntries {
  if (destroyed.length === 0) return NOTHING_LEFT
  const papers = readLeavePapers(origin, leaveRecords, disposalsBy(approvers))
  return judgeLeft({ ...NOTHING_LEFT, disposed: destroyed }, papers, size - 1, findings)
}

// The running numbers of producers are complete only where every entry was heard.
function compareEntries(
  cover: ExportCover,
  { keyLines }: SignedExport,
  { file, lines, firstSeq, lastSeq, links }: CheckedEntries,
  foundInEntries: number,
  findings: FindingList,
): void {
  const place = { what: ENTRIES_FILE }
  const listed = cover.files[ENTRIES_FILE]
  if (asksForAll(cover.query)) {
    if (links.passed() === 0)
      checkProducers({ producers: links.producers, keyEntries: keyLines, left: NOTHING_LEFT }, findings)
  } else if (lines !== cover.count) {
    const code = lines < cover.count ? 'entry-missing' : 'entry-surplus'
    findings.add(finding(code, place, `it has ${lines} entries, ${COVER_FILE} counts ${cover.count}`))
    return
  }
  // Where the entries themselves were found wrong, that says it better.
  if (foundInEntries > 0 || file === undefined) return
  if (file.bytes !== listed?.bytes || file.sha256 !== listed.sha256) {
    findings.add(finding('file-altered', place, 'it is not the file that the cover lists'))
  } else if (firstSeq !== cover.first_seq || lastSeq !== cover.last_seq) {
    findings.add(finding('cover-altered', { what: COVER_FILE }, 'first_seq and last_seq are not those of the entries'))
  } else if (links.destroyed.length !== (cover.destroyed ?? 0)) {
    const problem = `it counts ${cover.destroyed ?? 0} destroyed entries, and ${links.destroyed.length} are`
    findings.add(finding('cover-altered', { what: COVER_FILE }, problem))
  }
}

function computedTree(size: number, { roots }: ExportTree): ComputedTree {
  const known = [...roots].flatMap(([at, root]): [number, Hash][] => (root === undefined ? [] : [[at, root]]))
  return { size, roots: new Map(known), holedFrom: undefined }
}

function holdAgainst(
  tree: ComputedTree,
  { origin, named, signed, rotations, cover }: SignedExport,
  anchors: readonly Anchor[],
  findings: FindingList,
): Pick<CheckedExport, 'anchored' | 'open'> {
  const heads = rotations.map((held) => ({ ...held, what: `rotations.log, ${checkpointOfSize(held.size)}` }))
  const { found } = firstContradiction(heads, tree, 'root-mismatch')
  if (found !== undefined) findings.add(found)
  const until = anchorsUntil(anchors, tree.size)
  const speaking = speakOfNewer(anchors, origin, tree.size)
  const asOf = { origin, size: tree.size, exported_at: cover?.exported_at, read: signed.read }
  return {
    anchored: checkAnchors({ origin, signed, named, tree, anchors: until, speaking }, findings),
    open: checkNewer(anchors, asOf, findings),
  }
}
