// Verifying one conversation of an embedded ledger: its rows and the nodes that prove them are read, and nothing else.

import { parseEntry } from '../../formats/entry.ts'
import { readSigned } from '../../verify/checkpoints.ts'
import type { ContentEvidence, ContentReading, ContentTally } from '../../verify/content.ts'
import { anchorsFor, verifyConversation } from '../../verify/conversation.ts'
import { createFindings, type FindingList } from '../../verify/finding.ts'
import { checkProven } from '../../verify/proven.ts'
import type { Report } from '../../verify/report.ts'
import { namedKeys } from '../../verify/trust.ts'
import type { SqliteDatabase } from './database.ts'
import {
  anchoredSizes,
  type Chosen,
  chooseLedger,
  countEntries,
  distinct,
  readKeyCheckpoints,
  readNewestCheckpoints,
  type Wanted,
} from './extent.ts'
import { reportOn } from './reading.ts'
import type { ContentSource } from './sealed-contents.ts'
import { sealedReading } from './sealed-reading.ts'
import { keyEntryOf, proveEntry, provenRoot, readConversation, readEntry, readKeyEntries } from './stored-proofs.ts'
import { type ContentOptions, contentReading, openContents } from './verify-content.ts'
import { contentCheck, firstAsked } from './verify-payloads.ts'

export interface ConversationOptions extends Wanted, ContentOptions {
  readonly conversation_id: string
}

/**
 * Verifies one conversation: its own links, and each of its entries in the tree of the newest counted checkpoint.
 * @throws LedgerError as verifySqlite does
 */
export function verifySqliteConversation(path: string, options: ConversationOptions): Promise<Report> {
  const { trust, conversation_id } = options
  return reportOn({ path, kind: 'conversation', anchors: options.anchors }, async (db, schemaFindings) => {
    const chosen = chooseLedger(db, path, options)
    const { origin, ledgerNo = 0 } = chosen
    const findings = createFindings()
    for (const found of schemaFindings) findings.add(found)
    const keyRows = readKeyEntries(db, ledgerNo)
    const named = namedKeys(keyRows.flatMap(keyEntryOf))
    const announcedAt = named.rotations.map(({ seq }) => seq)
    const checkpoints = distinct([
      ...readKeyCheckpoints(db, ledgerNo, announcedAt),
      ...readNewestCheckpoints(db, ledgerNo),
    ])
    const { size, findings: surplus } = countEntries(db, chosen.ledgerNo)
    for (const found of surplus) findings.add(found)
    const signed = readSigned({ origin, trust, checkpoints }, named, findings)
    const head = signed.counted.at(-1)
    const rows = readConversation(db, ledgerNo, conversation_id)
    const seqs = rows.map(({ seq }) => seq)
    // Where no checkpoint counts, the newest of the log's own still shows whether the others belong to its tree.
    const base = head ?? signed.held.at(-1)
    const anchors = base === undefined ? [] : anchorsFor(options.anchors, origin, seqs)
    const sizes = [...signed.held.map((held) => held.size), ...anchoredSizes(anchors)]
    const roots = sizes.flatMap((wanted) => {
      const root = base === undefined || wanted > size ? undefined : provenRoot(db, ledgerNo, wanted, base)
      return root === undefined ? [] : [[wanted, root] as const]
    })
    const prove = (row: (typeof rows)[number]): ReturnType<typeof proveEntry> =>
      proveEntry(db, ledgerNo, row, head?.size ?? 0)
    const source = { ledger: origin, ledgerNo, entries: () => rows, isFirst: firstAsked(), size: head?.size ?? 0 }
    const tally = checkContents(db, source, contentReading(options), findings)
    const content = await openContents(db, { tally, source: { ...source, isFirst: firstAsked() } }, options, findings)
    for (const seq of erasuresIn(content, origin)) {
      const row = readEntry(db, ledgerNo, seq)
      if (head !== undefined && row !== undefined) checkProven(prove(row), head, origin, findings)
    }
    return verifyConversation({
      origin,
      conversation_id,
      trust,
      entries: rows.map(prove),
      keyEntries: keyRows.map(prove),
      signed,
      named,
      tree: { size, roots: new Map(roots), holedFrom: undefined },
      anchors,
      findings,
      content,
      notChecked: notChecked(chosen),
    })
  })
}

/** Compares what is stored with what the entries say of it, without any key; adds what is found. */
function checkContents(
  db: SqliteDatabase,
  { ledgerNo, entries, isFirst }: ContentSource,
  reading: ContentReading,
  findings: FindingList,
): ContentTally {
  const contents = contentCheck(sealedReading(db, ledgerNo), isFirst, reading)
  for (const { seq, bytes } of entries()) {
    const parsed = parseEntry(bytes)
    const { id, content = [] } = 'entry' in parsed ? parsed.entry : { id: '' }
    for (const found of contents.check(seq, { seq, id }, content)) findings.add(found)
  }
  return contents.tally()
}

/**
 * The records that content is said to be erased under, and the links that say so: they stand outside the conversation, and are
 * proven one by one.
 */
function erasuresIn({ openings }: ContentEvidence, origin: string): readonly number[] {
  const erasures = openings.flatMap((opening) => (opening.state === 'opened' ? opening.erasures : []))
  const own = erasures.filter(({ ledger }) => ledger === origin)
  return [...new Set(own.flatMap(({ seq, link }) => (link === undefined ? [seq] : [seq, link])))]
}

function notChecked({ others }: Chosen): string[] {
  return others.map((other) => `${other}: another ledger in this database; verify it with --origin`)
}
