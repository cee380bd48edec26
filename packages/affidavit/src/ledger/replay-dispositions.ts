// What came back with a backup and was destroyed since (spec/disposition.md §9): the keyring knows of it, its papers say what it was, and it
// is destroyed again, on record, before anything of the ledger is read or written.

import { equalBytes } from '../bytes/compare.ts'
import { bytesOfHex } from '../bytes/hex.ts'
import { HASH_BYTES } from '../crypto/sha256.ts'
import type { ListedRecord, Manifest } from '../disposition/manifest.ts'
import type { Replaying } from '../disposition/phases.ts'
import type { Draft } from '../formats/fields.ts'
import { holdsIn } from '../links/holds.ts'
import type { DispositionFiles } from './disposition-files.ts'
import type { DispositionNotes, NotedDisposition } from './disposition-notes.ts'
import { dispositionDraft, paperDrafts } from './disposition-records.ts'
import { incarnationsOf } from './leave-linked.ts'
import { findEntry, readPages } from './read.ts'
import { readHoldRecords } from './read-holds.ts'
import { stubAt } from './read-through.ts'
import { findReplayPapers, type ReplayPapers } from './replay-papers.ts'
import {
  decisionMissing,
  heldSince,
  otherRows,
  papersMissing,
  removalNotAllowed,
  unknownFate,
} from './replay-refusals.ts'
import type { LedgerStore } from './store.ts'

/** What whoever opens the ledger says of what came back. */
export type ReplayWord =
  /** It was destroyed, and these are its papers, as affidavit certificates --out writes them. */
  | { readonly papers: Uint8Array }
  /** What went under this plan stays, although it was destroyed. */
  | { readonly keep: string; readonly person: string; readonly reason: string }

export interface ReplayParts {
  /** As they stand. */
  readonly rows: LedgerStore
  readonly ledger: string
  readonly notes: Pick<DispositionNotes, 'all'>
  readonly files: DispositionFiles
  readonly word?: ReplayWord
  /** Durable when it resolves. */
  record(draft: Draft): Promise<{ readonly seq: number }>
  deriveId(...words: readonly string[]): string
  publish(): Promise<unknown>
}

/** @throws LedgerError `rolled-back`, `disposed-is-back`, `store-corrupt`: then nothing was destroyed that was not before */
export async function replayDispositions(parts: ReplayParts): Promise<void> {
  const incarnations = await incarnationsOf(parts.rows, parts.ledger)
  for (const noted of await parts.notes.all()) {
    if (noted.fate === 'withdrawn') continue
    if (noted.ledger === parts.ledger) await goOn(parts, noted)
    // What the database never had cannot have come back.
    else if (incarnations.includes(noted.ledger)) await replay(parts, noted, incarnations)
  }
}

// In the incarnation that decided it, the decision stands: a copy of between decision and end of the rows.
async function goOn(parts: ReplayParts, noted: NotedDisposition): Promise<void> {
  const { rows, ledger, deriveId } = parts
  const id = deriveId('records_disposed', 'decided', noted.plan_sha256)
  if ((await findEntry(rows, ledger, id)) === undefined) throw decisionMissing(noted)
  if (noted.fate !== 'destroyed' || !(await isBack(rows, noted))) return
  const { manifest } = await papersOf(parts, noted, [ledger])
  if (!(await rows.mayRemove(ledger))) throw removalNotAllowed(noted)
  await destroyAgain(parts, noted, await listedRows(rows, noted, manifest))
}

async function replay(parts: ReplayParts, noted: NotedDisposition, incarnations: readonly string[]): Promise<void> {
  const { rows, ledger, word, record, deriveId } = parts
  const { plan_sha256, manifest_sha256 } = noted
  const names = { ledger: noted.ledger, plan_sha256, manifest_sha256 }
  const idOf = (phase: string): string => deriveId('records_disposed', phase, plan_sha256)
  for (const phase of ['replayed', 'not-replayed'])
    if ((await findEntry(rows, ledger, idOf(phase))) !== undefined) return
  const isBegun = (await findEntry(rows, ledger, idOf('replaying'))) !== undefined
  if (!isBegun && !(await isBack(rows, noted))) return
  if (word !== undefined && 'keep' in word && word.keep === plan_sha256) {
    const kept = dispositionDraft(deriveId, { phase: 'not-replayed', ...names })
    await record({ ...kept, on_behalf_of: word.person, outcome_reason: word.reason })
    return
  }
  const papers = await papersOf(parts, noted, incarnations)
  if (noted.fate === 'destroying' && papers.from !== 'word' && !isBegun) throw unknownFate(noted)
  if (await isHeldHere(rows, ledger)) throw heldSince(noted)
  const going = await listedRows(rows, noted, papers.manifest)
  if (!(await rows.mayRemove(noted.ledger))) throw removalNotAllowed(noted)
  const { leave, decided_seq, decided_at } = noted
  const replaying: Replaying = {
    ...{ phase: 'replaying', ...names, decided_seq, decided_at, leave },
    ...{ records: going.records.length, stays: going.stays },
  }
  for (const [sha256, bytes] of papers.texts)
    for (const draft of paperDrafts(deriveId, bytes, sha256)) await record(draft)
  const { seq } = await record(withReason(dispositionDraft(deriveId, replaying)))
  // Released before anything is destroyed, as a decision is.
  await parts.publish()
  await destroyAgain(parts, noted, going)
  const outcome = { phase: 'replayed', ...names, replaying_seq: seq, records: going.records.length } as const
  await record(withReason(dispositionDraft(deriveId, outcome)))
}

function withReason(draft: Draft): Draft {
  return { ...draft, outcome_reason: 'replayed after a restore' }
}

async function papersOf(
  { rows, ledger, files, word }: ReplayParts,
  noted: NotedDisposition,
  incarnations: readonly string[],
): Promise<ReplayPapers> {
  const given = word !== undefined && 'papers' in word ? word.papers : undefined
  const found = await findReplayPapers({ rows, files, incarnations, given }, noted)
  if (found === undefined) throw papersMissing(noted, files.pathOf(noted.plan_sha256), ledger)
  return found
}

/** All rows of a manifest went in one transaction: the first of them tells of all. */
async function isBack(rows: LedgerStore, { ledger, first_seq }: NotedDisposition): Promise<boolean> {
  const size = (await rows.head(ledger))?.size ?? 0
  if (first_seq >= size) return false
  return (await stubAt(rows, ledger, first_seq))?.stub.mark.state !== 'disposed'
}

interface GoingAgain {
  readonly records: readonly ListedRecord[]
  readonly stays: number
}

// The backup may end among them.
async function listedRows(rows: LedgerStore, noted: NotedDisposition, { records }: Manifest): Promise<GoingAgain> {
  const { ledger } = noted
  const size = (await rows.head(ledger))?.size ?? 0
  const back = records.filter(({ seq }) => seq < size)
  const going = back.filter(({ seq }) => seq < size - 1)
  const leaves = new Map(back.map(({ seq, integrity_hash }) => [seq, bytesOfHex(integrity_hash)]))
  const [first, last] = [back.at(0)?.seq ?? 0, back.at(-1)?.seq ?? 0]
  for await (const { seq, nodes } of readPages(rows, ledger, { from_seq: first, until_seq: last + 1 })) {
    const leaf = leaves.get(seq)
    if (leaf !== undefined && !equalBytes(nodes.subarray(0, HASH_BYTES), leaf)) throw otherRows(noted, seq)
  }
  return { records: going, stays: back.length - going.length }
}

async function destroyAgain({ rows }: ReplayParts, noted: NotedDisposition, { records }: GoingAgain): Promise<void> {
  if (records.length === 0) return
  const { ledger, manifest_sha256 } = noted
  const entries = records.map(({ seq, integrity_hash }) => ({
    seq,
    leaf: bytesOfHex(integrity_hash),
    mark: { state: 'disposed', manifest: manifest_sha256 } as const,
  }))
  const size = (await rows.head(ledger))?.size ?? 0
  await rows.replaceEntries(ledger, { entries, judged: { size, unless: [] } })
}

// A hold that this incarnation was placed in itself was placed by somebody who saw what came back.
async function isHeldHere(rows: LedgerStore, ledger: string): Promise<boolean> {
  const records = await readHoldRecords(rows, ledger, Number.MAX_SAFE_INTEGER)
  const standing = new Set(holdsIn(records, []).standing.map(({ seq }) => seq))
  return records.some(({ seq, details }) => standing.has(seq) && details?.carried_from === undefined)
}
