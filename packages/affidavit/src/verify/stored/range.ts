// Verifying what came after a checkpoint that the caller trusts: the tree below it is taken as it swears, the entries
// above it are read and hashed.

import { toHex } from '../../bytes/hex.ts'
import { utf8 } from '../../bytes/text.ts'
import { parseCheckpointBody } from '../../formats/checkpoint.ts'
import { parseEntry } from '../../formats/entry.ts'
import { parseNote } from '../../formats/note.ts'
import type { TreeHead } from '../../merkle/head.ts'
import { withLater } from '../anchors.ts'
import type { Continued } from '../chunk.ts'
import type { ContentReading, ContentTally } from '../content.ts'
import { BEGINNING, type Edge } from '../entries.ts'
import { createFindings, type FindingList, finding } from '../finding.ts'
import { type JoinedLog, joinChunks } from '../join.ts'
import { isNothing, judgeLeft, stubIn } from '../left.ts'
import { checkProven, leafOf } from '../proven.ts'
import { checkBase, groundless, judgeRange, openSince } from '../range.ts'
import type { Report } from '../report.ts'
import { type ContentOptions, contentReading, openContents, talliesOf } from './contents.ts'
import {
  anchoredSizes,
  type Chosen,
  chooseLedger,
  distinct,
  keyCheckpoints,
  measure,
  otherLedger,
  type UnknownLedger,
  type Wanted,
} from './extent.ts'
import { keysNamedBy, readKeyEntries } from './key-entries.ts'
import {
  type LeftOptions,
  papersFrom,
  readHoldRecords,
  readLaterRecords,
  readLeaveRecords,
  releasesFrom,
} from './leave-records.ts'
import { proveEntries, provenRoots, readFrontier } from './proofs.ts'
import { contentOfStretch } from './sealed-contents.ts'
import type { StoredLedgers, StoredLog } from './stored-log.ts'
import type { OpenedStore, VerifyAnswer } from './tasks.ts'
import { throughArchive } from './through-archive.ts'
import { unreadableReport } from './unreadable.ts'

export interface RangeOptions extends Wanted, ContentOptions, LeftOptions {
  /** The signed note of the checkpoint that is trusted. */
  readonly since: string
}

/**
 * Verifies the entries behind a trusted checkpoint, and that they continue its tree. Where no key that counts has signed
 * it, or the stored tree is not its tree, nothing more is read, and the report says so.
 */
export async function verifyStoredRange(opened: OpenedStore, options: RangeOptions): Promise<Report | UnknownLedger> {
  const store = throughArchive(opened, options.archiveOf)
  const { anchors, trust, since: note } = options
  const chosen = await chooseRange(store.ledgers, options)
  if ('unknown' in chosen) return chosen
  const { origin, no, log } = chosen
  const keyEntries = await readKeyEntries(log)
  if ('unreadable' in keyEntries) return unreadableReport(store, 'range', keyEntries.unreadable)
  const named = keysNamedBy(keyEntries)
  const older = await keyCheckpoints(log, named)
  const since = openSince({ origin, trust, note, named, checkpoints: older })
  if ('code' in since) return groundless(origin, [...store.findings, since])
  // Checkpoints before entries: everything they cover is committed by the time the entries are counted.
  const checkpoints = distinct([...older, ...(await log.checkpoints(since.size))])
  const { size, findings: surplus } = await measure(log)
  const frontier = since.size > size ? undefined : await readFrontier(log, since.size)
  const wrong = checkBase(since, frontier, size)
  if (frontier === undefined || wrong !== undefined)
    return groundless(origin, [...store.findings, ...(wrong === undefined ? [] : [wrong])])
  const findings = createFindings()
  for (const found of [...store.findings, ...surplus]) findings.add(found)
  const below = keyEntries.filter(({ seq }) => seq < since.size)
  for (const proven of await proveEntries(log, below, since.size)) checkProven(proven, since, origin, findings)
  const continues = { frontier, last: await edgeBefore(log, since, origin, findings) }
  const sizes = [...checkpoints.map((kept) => kept.size), ...anchoredSizes(anchors)]
  const payloadBytes = contentReading(options)
  const { joined, tally } = await readBehind(store, { chosen, continues, size, sizes, payloadBytes })
  let { left } = joined
  if (!isNothing(left)) {
    const records = await readLeaveRecords(log)
    const before = records.filter(({ seq }) => seq < since.size)
    for (const proven of await proveEntries(log, before, since.size)) checkProven(proven, since, origin, findings)
    const later = await readLaterRecords(store.ledgers, chosen.listed, origin)
    left = judgeLeft(left, papersFrom(origin, [...records, ...later], options), size - 1, findings)
  }
  const holds = await readHoldRecords(log)
  const earlier = holds.filter(({ seq }) => seq < since.size)
  for (const proven of await proveEntries(log, earlier, since.size)) checkProven(proven, since, origin, findings)
  const released = releasesFrom(origin, holds, options, findings)
  joined.findings.addAll(findings)
  const source = contentOfStretch({ ledgers: store.ledgers, listed: chosen.listed, origin, no, log, size }, since.size)
  const content = await openContents({ tally, source }, options, joined.findings)
  const smaller = await provenRoots(
    log,
    sizes.filter((wanted) => wanted < since.size),
    since,
  )
  return judgeRange({
    origin,
    trust,
    since,
    named,
    released,
    joined: { ...joined, left, roots: new Map([...joined.roots, [since.size, since.root], ...smaller]) },
    checkpoints,
    anchors: await withLater(anchors),
    others: chosen.others.map((other) => ({ origin: other.origin, checkpoints: [] })),
    content,
    notChecked: chosen.others.map(otherLedger),
  })
}

// The checkpoint says whose it is, and is known to the caller: a ledger that is gone is missed.
function chooseRange(ledgers: StoredLedgers, { since, ...wanted }: RangeOptions): Promise<Chosen | UnknownLedger> {
  const parsed = parseNote(utf8(since))
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  if ('code' in body || wanted.origin !== undefined) return chooseLedger(ledgers, wanted)
  const itself = { kind: 'external', where: '', notes: [since], faults: [] } as const
  return chooseLedger(ledgers, { ...wanted, origin: body.origin, anchors: [...wanted.anchors, itself] })
}

// The last entry below: what the first one above follows. It is read, so it is checked too.
async function edgeBefore(log: StoredLog, since: TreeHead, origin: string, findings: FindingList): Promise<Edge> {
  if (since.size === 0) return BEGINNING
  const seq = since.size - 1
  const stored = await log.entry(seq)
  const [proven] = stored === undefined ? [] : await proveEntries(log, [stored], since.size)
  if (proven === undefined) {
    findings.add(finding('entry-missing', { seq }, `the entry at seq ${seq} is missing`))
    return { ...BEGINNING, seq: -1 }
  }
  checkProven(proven, since, origin, findings)
  const parsed = parseEntry(proven.bytes)
  const entry = 'entry' in parsed ? parsed.entry : stubIn(proven.bytes)
  return { seq, id: entry?.id, hash: toHex(leafOf(proven)), recorded_at: entry?.recorded_at ?? '' }
}

interface Behind {
  readonly chosen: Chosen
  readonly continues: Continued
  readonly size: number
  readonly sizes: readonly number[]
  readonly payloadBytes: ContentReading
}

/** Reads and hashes everything behind the tree that is continued, in one stretch. */
async function readBehind(
  { runTasks }: OpenedStore,
  { chosen: { origin, no = 0 }, continues, size, sizes, payloadBytes }: Behind,
): Promise<{ joined: JoinedLog; tally: ContentTally }> {
  const from = continues.frontier.size
  const within = [...new Set(sizes)].filter((wanted) => wanted > from && wanted <= size).sort((a, b) => a - b)
  const chunk = { origin, from, to: size, sizes: within, continues }
  const answers: VerifyAnswer[] = []
  await runTasks([{ kind: 'chunk', ledger: no, chunk, payloadBytes }], (answer) => answers.push(answer))
  const joined = joinChunks(answers.flatMap((answer) => (answer.kind === 'chunk' ? [answer.result] : [])))
  return { joined, tally: talliesOf(answers) }
}
