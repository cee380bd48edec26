// Verifying what came after a checkpoint that the caller trusts: the tree below it is taken as it swears, the entries
// above it are read and hashed.

import { toHex } from '../../bytes/hex.ts'
import { utf8 } from '../../bytes/text.ts'
import { parseCheckpointBody } from '../../formats/checkpoint.ts'
import { parseEntry } from '../../formats/entry.ts'
import { parseNote } from '../../formats/note.ts'
import { leafHash } from '../../merkle/hash.ts'
import type { TreeHead } from '../../merkle/head.ts'
import type { Continued } from '../../verify/chunk.ts'
import type { ContentReading, ContentTally } from '../../verify/content.ts'
import { BEGINNING, type Edge } from '../../verify/entries.ts'
import { createFindings, type FindingList, finding } from '../../verify/finding.ts'
import { type JoinedLog, joinChunks } from '../../verify/join.ts'
import { checkProven } from '../../verify/proven.ts'
import { checkBase, groundless, judgeRange, openSince } from '../../verify/range.ts'
import type { Report } from '../../verify/report.ts'
import { namedKeys } from '../../verify/trust.ts'
import type { SqliteDatabase } from './database.ts'
import {
  anchoredSizes,
  type Chosen,
  chooseLedger,
  countEntries,
  distinct,
  readKeptCheckpoints,
  readKeyCheckpoints,
  type Wanted,
} from './extent.ts'
import { reportOn } from './reading.ts'
import { keyEntryOf, proveEntry, provenRoot, readEntry, readFrontier, readKeyEntries } from './stored-proofs.ts'
import { type ContentOptions, contentReading, openContents, sourceOf, talliesOf } from './verify-content.ts'
import type { VerifyAnswer } from './verify-task.ts'
import { runTasks } from './verify-tasks.ts'

export interface RangeOptions extends Wanted, ContentOptions {
  /** The signed note of the checkpoint that is trusted. */
  readonly since: string
}

/**
 * Verifies the entries behind a trusted checkpoint, and that they continue its tree. Where no key that counts has signed
 * it, or the stored tree is not its tree, nothing more is read, and the report says so.
 * @throws LedgerError as verifySqlite does
 */
export function verifySqliteRange(path: string, options: RangeOptions): Promise<Report> {
  const { anchors, trust, since: note } = options
  return reportOn({ path, kind: 'range', anchors }, async (db, schemaFindings) => {
    const chosen = chooseRange(db, path, options)
    const { origin, ledgerNo = 0 } = chosen
    const keyRows = readKeyEntries(db, ledgerNo)
    const named = namedKeys(keyRows.flatMap(keyEntryOf))
    const announcedAt = named.rotations.map(({ seq }) => seq)
    const older = readKeyCheckpoints(db, ledgerNo, announcedAt)
    const since = openSince({ origin, trust, note, named, checkpoints: older })
    if ('code' in since) return groundless(origin, [...schemaFindings, since])
    // Checkpoints before entries: everything they cover is committed by the time the entries are counted.
    const checkpoints = distinct([...older, ...readKeptCheckpoints(db, chosen.ledgerNo, since.size)])
    const { size, findings: surplus } = countEntries(db, chosen.ledgerNo)
    const frontier = since.size > size ? undefined : readFrontier(db, ledgerNo, since.size)
    const wrong = checkBase(since, frontier, size)
    if (frontier === undefined || wrong !== undefined) return groundless(origin, [...schemaFindings, ...listOf(wrong)])
    const findings = createFindings()
    for (const found of [...schemaFindings, ...surplus]) findings.add(found)
    for (const row of keyRows)
      if (row.seq < since.size) checkProven(proveEntry(db, ledgerNo, row, since.size), since, origin, findings)
    const continues = { frontier, last: edgeBefore(db, ledgerNo, since, origin, findings) }
    const sizes = [...checkpoints.map((kept) => kept.size), ...anchoredSizes(anchors)]
    const payloadBytes = contentReading(options)
    const { joined, tally } = await readBehind(db, path, { chosen, continues, size, sizes, payloadBytes })
    joined.findings.addAll(findings)
    const source = sourceOf(db, { ledger: origin, ledgerNo, from: since.size, to: size })
    const content = await openContents(db, { tally, source }, options, joined.findings)
    const roots = new Map([...joined.roots, [since.size, since.root], ...provenRoots(db, ledgerNo, sizes, since)])
    return judgeRange({
      origin,
      trust,
      since,
      named,
      joined: { ...joined, roots },
      checkpoints,
      anchors,
      others: chosen.others.map((other) => ({ origin: other, checkpoints: [] })),
      content,
      notChecked: chosen.others.map((other) => `${other}: another ledger in this database; verify it with --origin`),
    })
  })
}

// The checkpoint says whose it is, and is known to the caller: a ledger that is gone is missed.
function chooseRange(db: SqliteDatabase, path: string, { since, ...wanted }: RangeOptions): Chosen {
  const parsed = parseNote(utf8(since))
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  if ('code' in body || wanted.origin !== undefined) return chooseLedger(db, path, wanted)
  const itself = { kind: 'external', where: '', notes: [since], faults: [] } as const
  return chooseLedger(db, path, { ...wanted, origin: body.origin, anchors: [...wanted.anchors, itself] })
}

function listOf<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value]
}

// The last entry below: what the first one above follows. It is read, so it is checked too.
function edgeBefore(
  db: SqliteDatabase,
  ledgerNo: number,
  since: TreeHead,
  origin: string,
  findings: FindingList,
): Edge {
  if (since.size === 0) return BEGINNING
  const seq = since.size - 1
  const row = readEntry(db, ledgerNo, seq)
  if (row === undefined) {
    findings.add(finding('entry-missing', { seq }, `the entry at seq ${seq} is missing`))
    return { ...BEGINNING, seq: -1 }
  }
  checkProven(proveEntry(db, ledgerNo, row, since.size), since, origin, findings)
  const parsed = parseEntry(row.bytes)
  const entry = 'entry' in parsed ? parsed.entry : undefined
  return { seq, id: entry?.id, hash: toHex(leafHash(row.bytes)), recorded_at: entry?.recorded_at ?? '' }
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
  db: SqliteDatabase,
  path: string,
  { chosen: { origin, ledgerNo = 0 }, continues, size, sizes, payloadBytes }: Behind,
): Promise<{ joined: JoinedLog; tally: ContentTally }> {
  const from = continues.frontier.size
  const within = [...new Set(sizes)].filter((wanted) => wanted > from && wanted <= size).sort((a, b) => a - b)
  const chunk = { origin, from, to: size, sizes: within, continues }
  const answers: VerifyAnswer[] = []
  await runTasks(db, {
    path,
    tasks: [{ kind: 'chunk', ledgerNo, chunk, payloadBytes }],
    threads: 1,
    onAnswer: (answer) => answers.push(answer),
  })
  const joined = joinChunks(answers.flatMap((answer) => (answer.kind === 'chunk' ? [answer.result] : [])))
  return { joined, tally: talliesOf(answers) }
}

// Smaller trees that anchors speak of, as far as the stored nodes prove that the trusted one continues them.
function provenRoots(
  db: SqliteDatabase,
  ledgerNo: number,
  sizes: readonly number[],
  since: TreeHead,
): (readonly [number, Uint8Array])[] {
  const smaller = [...new Set(sizes)].filter((wanted) => wanted > 0 && wanted < since.size)
  return smaller.flatMap((wanted) =>
    listOf(provenRoot(db, ledgerNo, wanted, since)).map((root) => [wanted, root] as const),
  )
}
