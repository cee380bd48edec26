// One conversation, verified alone: its own links from 0 to its end, and each entry in the tree of a signed checkpoint.

import { toHex } from '../bytes/hex.ts'
import { leafHash } from '../merkle/hash.ts'
import type { TreeHead } from '../merkle/head.ts'
import type { Entry } from './entries.ts'
import { type FindingList, finding } from './finding.ts'
import { checkProven, type ProvenEntry } from './proven.ts'
import { type Report, report } from './report.ts'

export interface ConversationEvidence {
  readonly origin: string
  readonly conversation_id: string
  /** In the order of seq. Entries beyond the head carry no proof and are reported as not covered. */
  readonly entries: readonly ProvenEntry[]
  /** The tree of the newest counted checkpoint. */
  readonly head: TreeHead
  readonly signer: Report['axes']['signer']
  readonly time: Report['axes']['time']
  readonly anchor: Report['axes']['anchor']
  readonly notChecked: readonly string[]
  /** What was found on the way here. */
  readonly findings: FindingList
}

export function verifyConversation(evidence: ConversationEvidence): Report {
  const { findings } = evidence
  const covered = evidence.entries.filter(({ seq }) => seq < evidence.head.size)
  const uncovered = evidence.entries.length - covered.length
  if (uncovered > 0) {
    findings.add(
      finding(
        'not-covered',
        { seq: evidence.head.size },
        `${uncovered} entries are newer than the newest checkpoint: affidavit checkpoint --ledger DIR publishes one`,
      ),
    )
  }
  const last = checkLinks(evidence, covered, findings)
  return report({
    subject: {
      kind: 'conversation',
      origin: evidence.origin,
      conversation_id: evidence.conversation_id,
      size: evidence.head.size,
      root: toHex(evidence.head.root),
    },
    checked: covered.length,
    findings,
    entries: covered.length === 0 ? 'none' : 'some',
    axes: {
      content: { verdict: 'intact', says: 'intact' },
      order: { verdict: 'intact', says: 'intact' },
      completeness: extentOf(covered.length, last),
      signer: evidence.signer,
      time: evidence.time,
      anchor: evidence.anchor,
    },
    notChecked: ['every other entry of the ledger', ...evidence.notChecked],
  })
}

function checkLinks(
  { conversation_id, head, origin }: ConversationEvidence,
  entries: readonly ProvenEntry[],
  findings: FindingList,
): Entry | undefined {
  let previous = ''
  let last: Entry | undefined
  for (const [at, proven] of entries.entries()) {
    const entry = checkProven(proven, head, origin, findings)
    if (entry !== undefined) {
      const place = { seq: proven.seq, id: entry.id }
      if (entry.conversation_id !== conversation_id)
        findings.add(finding('conversation-broken', place, 'it belongs to another conversation'))
      else if (entry.conversation_seq !== at)
        findings.add(
          finding('conversation-broken', place, `conversation_seq is ${entry.conversation_seq} where ${at} is next`),
        )
      else if (entry.conversation_previous_hash !== previous)
        findings.add(
          finding('conversation-broken', place, 'conversation_previous_hash is not the hash of the entry before'),
        )
    }
    previous = toHex(leafHash(proven.bytes))
    last = entry
  }
  return last
}

function extentOf(count: number, last: Entry | undefined): Report['axes']['completeness'] {
  if (count === 0) return { verdict: 'empty', says: 'no entries' }
  const end = last?.action === 'conversation_ended' ? `closed at ${count - 1}` : `open at ${count - 1}`
  return { verdict: 'complete', says: `complete 0..${count - 1} of the conversation, ${end}` }
}
