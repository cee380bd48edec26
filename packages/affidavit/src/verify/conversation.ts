// One conversation, verified alone: its own links from 0 to its end, and each entry in the tree of a signed checkpoint.

import { toHex } from '../bytes/hex.ts'
import { EMPTY_ROOT } from '../merkle/hash.ts'
import type { TreeHead } from '../merkle/head.ts'
import { type Anchor, anchorAxis, checkAnchors, unanchored } from './anchors.ts'
import { checkpointOfSize, type Signed, signerAxis, signerFindings, timeAxis } from './checkpoints.ts'
import { type ContentEvidence, contentAxis, contentNotChecked } from './content.ts'
import type { Entry } from './entries.ts'
import { type FindingList, finding } from './finding.ts'
import { type ComputedTree, firstContradiction } from './heads.ts'
import { type LeftEntries, leftSays, stubIn, unlooked } from './left.ts'
import { timesAsserted } from './log.ts'
import { checkProven, leafOf, type ProvenEntry } from './proven.ts'
import { type Report, report } from './report.ts'
import type { NamedKeys, Trust } from './trust.ts'

export interface ConversationEvidence {
  readonly origin: string
  readonly conversation_id: string
  readonly trust: Trust
  /** In the order of seq; each proven in the tree of the newest counted checkpoint, as far as that reaches. */
  readonly entries: readonly ProvenEntry[]
  /** Those of them that have left. */
  readonly left: LeftEntries
  /** Entry 0 and the announcements of keys, proven likewise. */
  readonly keyEntries: readonly ProvenEntry[]
  /** The newest checkpoints, and those that changed keys. */
  readonly signed: Signed
  readonly named: NamedKeys
  /** Size of the log as stored, and the roots that its stored nodes prove to belong to the same log. */
  readonly tree: ComputedTree
  readonly anchors: readonly Anchor[]
  /** What was found on the way here. */
  readonly findings: FindingList
  /** What was looked at of sealed content. */
  readonly content: ContentEvidence
  readonly notChecked: readonly string[]
}

export function verifyConversation(evidence: ConversationEvidence): Report {
  const { origin, trust, signed, named, tree, anchors, findings, entries, content } = evidence
  const head: TreeHead = signed.counted.at(-1) ?? { size: 0, root: EMPTY_ROOT }
  for (const found of signerFindings(signed, trust, tree.size)) findings.add(found)
  checkHeads(signed, tree, findings)
  for (const proven of evidence.keyEntries) if (proven.seq < head.size) checkProven(proven, head, origin, findings)
  const anchored = checkAnchors({ origin, signed, named, tree, anchors }, findings)
  const covered = entries.filter(({ seq }) => seq < head.size)
  checkCoverage(entries.length - covered.length, head.size, findings)
  const last = checkLinks(evidence, covered, head)
  return report({
    subject: {
      kind: 'conversation',
      origin,
      conversation_id: evidence.conversation_id,
      size: head.size,
      root: toHex(head.root),
    },
    checked: covered.length - unlooked(evidence.left),
    findings,
    entries: entries.length === 0 ? 'none' : 'some',
    axes: {
      content: contentAxis(content, origin),
      order: { verdict: 'intact', says: 'intact' },
      completeness: extentOf(covered.length, last, evidence.left),
      signer: signerAxis(signed, trust),
      time: timeAxis(signed),
      anchor: anchorAxis(anchored, head.size),
    },
    notChecked: [
      'every other entry of the ledger, its search indexes, and the subjects and payloads that entries are listed under',
      'that the conversation has no later entries: its end can be hidden from it alone; verify the whole ledger',
      ...(trust.kind === 'first use' ? ['the key: none was pinned (--vkey)'] : []),
      ...evidence.notChecked,
      ...contentNotChecked(content),
      ...unanchored(anchors, anchored, head.size),
      timesAsserted,
    ],
  })
}

function checkHeads({ held }: Signed, tree: ComputedTree, findings: FindingList): void {
  const heads = held.map((checkpoint) => ({ ...checkpoint, what: checkpointOfSize(checkpoint.size) }))
  const { found } = firstContradiction(heads, tree, 'root-mismatch')
  if (found !== undefined) findings.add(found)
}

function checkCoverage(uncovered: number, size: number, findings: FindingList): void {
  if (uncovered === 0) return
  const entries = uncovered === 1 ? '1 entry is' : `${uncovered} entries are`
  const problem = `${entries} not below a counted checkpoint: affidavit checkpoint --ledger DIR publishes one`
  findings.add(finding('not-covered', { seq: size }, problem))
}

function checkLinks(
  { conversation_id, origin, findings }: ConversationEvidence,
  entries: readonly ProvenEntry[],
  head: TreeHead,
): Entry | undefined {
  let previous = ''
  let last: Entry | undefined
  for (const [at, proven] of entries.entries()) {
    const entry = checkProven(proven, head, origin, findings)
    const stub = stubIn(proven.bytes)
    const placed = entry ?? stub
    const problem =
      placed === undefined
        ? undefined
        : linkProblem(placed, conversation_id, at, entry === undefined ? undefined : previous)
    if (problem !== undefined)
      findings.add(finding('conversation-broken', { seq: proven.seq, id: placed?.id ?? '' }, problem))
    previous = toHex(leafOf(proven))
    last = entry
  }
  return last
}

/** @param previous the hash of the entry before; nothing where the entry has left, and cannot say which it had */
function linkProblem(
  entry: Pick<Entry, 'conversation_id' | 'conversation_seq' | 'conversation_previous_hash'>,
  conversation_id: string,
  at: number,
  previous: string | undefined,
): string | undefined {
  if (entry.conversation_id !== conversation_id) return 'it belongs to another conversation'
  if (entry.conversation_seq !== at) return `conversation_seq is ${entry.conversation_seq} where ${at} is next`
  if (previous === undefined || entry.conversation_previous_hash === previous) return undefined
  return 'conversation_previous_hash is not the hash of the entry before'
}

function extentOf(count: number, last: Entry | undefined, left: LeftEntries): Report['axes']['completeness'] {
  if (count === 0) return { verdict: 'empty', says: 'no entries' }
  const end = last?.action === 'conversation_ended' ? `closed at ${count - 1}` : `open at ${count - 1}`
  return { verdict: 'complete', says: `complete 0..${count - 1} of the conversation, ${end}${leftSays(left)}` }
}

/**
 * The checkpoints of anchors that say something on entries at `seqs`: for each the first one that covers it, and the
 * newest. Opening all of a long log would take longer than everything else.
 */
export function anchorsFor(anchors: readonly Anchor[], origin: string, seqs: readonly number[]): Anchor[] {
  return anchors.map((anchor) => {
    const sized = anchor.notes
      .filter((note) => note.startsWith(`${origin}\n`))
      .map((note) => ({ note, size: Number(note.split('\n', 2)[1]) }))
      .sort((a, b) => a.size - b.size)
    const chosen = new Set(sized.slice(-1).map(({ note }) => note))
    let next = 0
    for (const seq of seqs) {
      while (next < sized.length && (sized[next]?.size ?? 0) <= seq) next++
      const covering = sized[next]
      if (covering !== undefined) chosen.add(covering.note)
    }
    return { ...anchor, notes: [...chosen] }
  })
}
