// The papers of what is to be destroyed again (spec/disposition.md §9): where they are looked for, and what they are held against.

import { utf8 } from '../bytes/text.ts'
import { parseDispositionPapers } from '../disposition/disposition-papers.ts'
import { type Manifest, manifestDigest, parseManifest } from '../disposition/manifest.ts'
import { parsePlan, planDigest } from '../disposition/plan.ts'
import { approvalDigest } from '../papers/approval.ts'
import type { DispositionFiles } from './disposition-files.ts'
import type { NotedDisposition } from './disposition-notes.ts'
import { readDispositions, readPaper } from './disposition-records.ts'
import type { LedgerStore } from './store.ts'

export interface ReplayPapers {
  /** `word`: whoever opens the ledger handed them in. */
  readonly from: 'word' | 'files' | 'records'
  readonly manifest: Manifest
  /** Each with its digest. */
  readonly texts: readonly (readonly [sha256: string, bytes: Uint8Array])[]
}

interface Places {
  readonly rows: LedgerStore
  readonly files: Pick<DispositionFiles, 'read'>
  readonly incarnations: readonly string[]
  readonly given: Uint8Array | undefined
}

/** Those that have the digests which the keyring knows; nothing where there are none. */
export async function findReplayPapers(places: Places, noted: NotedDisposition): Promise<ReplayPapers | undefined> {
  const { rows, files, incarnations, given } = places
  const handedIn = given && papersIn('word', given, noted)
  if (handedIn !== undefined) return handedIn
  const kept = await files.read(noted.plan_sha256)
  const beside = kept && papersIn('files', kept, noted)
  if (beside !== undefined) return beside
  for (const origin of incarnations) {
    const found = await papersOnRecord(rows, origin, noted)
    if (found !== undefined) return found
  }
  return undefined
}

function papersIn(from: 'word' | 'files', bytes: Uint8Array, noted: NotedDisposition): ReplayPapers | undefined {
  const papers = parseDispositionPapers(bytes)
  if ('code' in papers) return undefined
  return judged(from, noted, utf8(papers.plan), utf8(papers.manifest), utf8(papers.approval))
}

async function papersOnRecord(
  rows: LedgerStore,
  origin: string,
  noted: NotedDisposition,
): Promise<ReplayPapers | undefined> {
  const { plan_sha256, manifest_sha256, leave } = noted
  const records = await readDispositions(rows, origin)
  if (!records.papers.has(manifest_sha256)) return undefined
  const read = (sha256: string): Promise<Uint8Array | undefined> => readPaper(rows, origin, records, sha256)
  const approval = 'approval_sha256' in leave ? await read(leave.approval_sha256) : undefined
  const [plan, manifest] = [await read(plan_sha256), await read(manifest_sha256)]
  return plan && manifest && judged('records', noted, plan, manifest, approval)
}

function judged(
  from: ReplayPapers['from'],
  { ledger, plan_sha256, manifest_sha256, leave }: NotedDisposition,
  plan: Uint8Array,
  manifest: Uint8Array,
  approval: Uint8Array = new Uint8Array(),
): ReplayPapers | undefined {
  const planned = parsePlan(plan)
  if ('code' in planned || planDigest(planned) !== plan_sha256) return undefined
  const listed = parseManifest(manifest)
  if ('code' in listed || manifestDigest(manifest) !== manifest_sha256 || listed.ledger !== ledger) return undefined
  const texts = [
    [manifest_sha256, manifest],
    [plan_sha256, plan],
  ] as const
  if (!('approval_sha256' in leave)) return { from, manifest: listed, texts }
  if (approvalDigest('disposition', approval) !== leave.approval_sha256) return undefined
  return { from, manifest: listed, texts: [...texts, [leave.approval_sha256, approval]] }
}
