// Verifying one conversation of a stored ledger: its entries and the nodes that prove them are read, and nothing else.

import { toHex } from '../../bytes/hex.ts'
import type { Hash } from '../../crypto/sha256.ts'
import { parseEntry } from '../../formats/entry.ts'
import { isStub } from '../../formats/stub.ts'
import type { TreeHead } from '../../merkle/head.ts'
import type { Anchor } from '../anchors.ts'
import { readSigned, type Signed } from '../checkpoints.ts'
import type { ContentEvidence, ContentReading, ContentTally } from '../content.ts'
import { anchorsFor, verifyConversation } from '../conversation.ts'
import { createFindings, type FindingList, finding } from '../finding.ts'
import { isNothing, judgeLeft, type LeavePapers, type LeftEntries, stubIn, stubProblem, tallyLeft } from '../left.ts'
import { checkProven, leafOf, type ProvenEntry } from '../proven.ts'
import type { Report } from '../report.ts'
import { type ContentOptions, contentReading, openContents } from './contents.ts'
import {
  anchoredSizes,
  type Chosen,
  chooseLedger,
  distinct,
  keyCheckpoints,
  measure,
  newestCheckpoints,
  otherLedger,
  type UnknownLedger,
  type Wanted,
} from './extent.ts'
import { keysNamedBy, readKeyEntries } from './key-entries.ts'
import { type LeftOptions, papersFrom, readLaterRecords, readLeaveRecords } from './leave-records.ts'
import { createContentCheck, firstAsked } from './payloads.ts'
import { proveEntries, provenRoots } from './proofs.ts'
import type { ContentSource } from './sealed-contents.ts'
import type { StoredBytes, StoredLog } from './stored-log.ts'
import type { OpenedStore } from './tasks.ts'
import { throughArchive } from './through-archive.ts'
import { unreadableReport } from './unreadable.ts'

export interface ConversationOptions extends Wanted, ContentOptions, LeftOptions {
  readonly conversation_id: string
}

/** Verifies one conversation: its own links, and each of its entries in the tree of the newest counted checkpoint. */
export async function verifyStoredConversation(
  opened: OpenedStore,
  options: ConversationOptions,
): Promise<Report | UnknownLedger> {
  const { trust, conversation_id } = options
  const store = throughArchive(opened, options.archiveOf)
  const chosen = await chooseLedger(store.ledgers, options)
  if ('unknown' in chosen) return chosen
  const { origin, log } = chosen
  const findings = createFindings()
  for (const found of store.findings) findings.add(found)
  const keyEntries = await readKeyEntries(log)
  if ('unreadable' in keyEntries) return unreadableReport(store, 'conversation', keyEntries.unreadable)
  const named = keysNamedBy(keyEntries)
  const checkpoints = distinct([...(await keyCheckpoints(log, named)), ...(await newestCheckpoints(log))])
  const { size, findings: surplus } = await measure(log)
  for (const found of surplus) findings.add(found)
  const signed = readSigned({ origin, trust, checkpoints }, named, findings)
  const head = signed.counted.at(-1)
  const until = head?.size ?? 0
  const entries = await log.conversation(conversation_id)
  const { anchors, roots } = await readRoots(chosen, { signed, size, entries, anchors: options.anchors })
  const content = await checkContents(store, { chosen, entries, until }, options, findings)
  const erasures = await proveEntries(log, await readAll(log, erasuresIn(content, origin)), until)
  if (head !== undefined) for (const erasure of erasures) checkProven(erasure, head, origin, findings)
  const proven = await proveEntries(log, entries, until)
  const met = leftIn(proven, findings)
  const papers = isNothing(met) ? undefined : await provenPapers(store, chosen, options, head, findings)
  const left = papers === undefined ? met : judgeLeft(met, papers, size - 1, findings)
  return verifyConversation({
    origin,
    conversation_id,
    trust,
    entries: proven,
    left,
    keyEntries: await proveEntries(log, keyEntries, until),
    signed,
    named,
    tree: { size, roots, holedFrom: undefined },
    anchors,
    findings,
    content,
    notChecked: chosen.others.map(otherLedger),
  })
}

function leftIn(entries: readonly (ProvenEntry & Pick<StoredBytes, 'stub'>)[], findings: FindingList): LeftEntries {
  const tally = tallyLeft()
  for (const entry of entries) {
    const row = entry.stub ?? entry.bytes
    if (!isStub(row)) continue
    const stub = stubIn(row)
    const problem = entry.stub === undefined ? undefined : stubProblem(entry.bytes, row)
    if (problem !== undefined || stub === undefined)
      findings.add(finding('stub-altered', { seq: entry.seq }, problem ?? 'the stub is none'))
    const bytes = entry.stub === undefined ? 'not read' : 'read'
    if (stub !== undefined) tally.add({ seq: entry.seq, stub, leaf: toHex(leafOf(entry)), bytes })
  }
  return tally.left()
}

/** The records that say what left stand outside the conversation, and are proven one by one. */
async function provenPapers(
  { ledgers }: OpenedStore,
  { origin, log, listed }: Chosen,
  options: LeftOptions,
  head: TreeHead | undefined,
  findings: FindingList,
): Promise<LeavePapers> {
  const records = (await readLeaveRecords(log)).filter(({ seq }) => seq < (head?.size ?? 0))
  if (head !== undefined)
    for (const record of await proveEntries(log, records, head.size)) checkProven(record, head, origin, findings)
  return papersFrom(origin, [...records, ...(await readLaterRecords(ledgers, listed, origin))], options)
}

interface RootsWanted {
  readonly signed: Signed
  readonly size: number
  readonly entries: readonly StoredBytes[]
  readonly anchors: readonly Anchor[]
}

/** The anchors that say something on the entries, and the roots of the trees that they and the checkpoints speak of. */
async function readRoots(
  { origin, log }: Chosen,
  { signed, size, entries, anchors }: RootsWanted,
): Promise<{ readonly anchors: readonly Anchor[]; readonly roots: ReadonlyMap<number, Hash> }> {
  // Where no checkpoint counts, the newest of the log's own still shows whether the others belong to its tree.
  const base = signed.counted.at(-1) ?? signed.held.at(-1)
  if (base === undefined) return { anchors: [], roots: new Map() }
  const speaking = anchorsFor(
    anchors,
    origin,
    entries.map(({ seq }) => seq),
  )
  const sizes = [...signed.held.map((held) => held.size), ...anchoredSizes(speaking)]
  const roots = await provenRoots(
    log,
    sizes.filter((wanted) => wanted <= size),
    base,
  )
  return { anchors: speaking, roots }
}

interface Conversation {
  readonly chosen: Chosen
  readonly entries: readonly StoredBytes[]
  /** Entries from this seq on are below no counted checkpoint. */
  readonly until: number
}

/** Compares what is stored with what the entries say of it, and has it opened where that is asked for. */
async function checkContents(
  { ledgers }: OpenedStore,
  { chosen: { listed, origin, no, log }, entries, until }: Conversation,
  options: ContentOptions,
  findings: FindingList,
): Promise<ContentEvidence> {
  const tally = await checkStored(log, entries, contentReading(options), findings)
  const source: ContentSource = {
    ledgers,
    listed,
    origin,
    no,
    log,
    entries: () => pagesOf(entries),
    isFirst: firstAsked(),
    size: until,
  }
  return openContents({ tally, source }, options, findings)
}

/** Compares what is stored with what the entries say of it, without any key; adds what is found. */
async function checkStored(
  log: StoredLog,
  entries: readonly StoredBytes[],
  reading: ContentReading,
  findings: FindingList,
): Promise<ContentTally> {
  const contents = createContentCheck(log, firstAsked(), reading)
  for await (const page of pagesOf(entries)) {
    const namings = page.map(({ seq, bytes, stub }) => {
      const parsed = parseEntry(bytes)
      const { id, content: references = [] } = 'entry' in parsed ? parsed.entry : { id: '' }
      return { seq, id, references, entry: stub === undefined ? ('stands' as const) : ('left' as const) }
    })
    await contents.look(namings)
    for (const { seq, id, references, entry } of namings)
      for (const found of contents.check({ seq, id }, references, entry)) findings.add(found)
  }
  return contents.tally()
}

/** Entries that are looked at together. */
const PAGE = 256

async function* pagesOf(entries: readonly StoredBytes[]): AsyncGenerator<readonly StoredBytes[]> {
  for (let at = 0; at < entries.length; at += PAGE) yield entries.slice(at, at + PAGE)
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

async function readAll(log: StoredLog, seqs: readonly number[]): Promise<readonly StoredBytes[]> {
  const found: StoredBytes[] = []
  for (const seq of seqs) {
    const entry = await log.entry(seq)
    if (entry !== undefined) found.push(entry)
  }
  return found
}
