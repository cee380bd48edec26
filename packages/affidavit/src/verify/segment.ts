// A segment of the archive, alone (spec/archive.md §6): its object against its manifest, that against a key that is trusted, and, with the key
// of the segment, every entry and payload in it, up to the root of a signed checkpoint.

import type { KeyObject } from 'node:crypto'

import { concatBytes, equalBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { HASH_BYTES, type Hash, sha256Hex } from '../crypto/sha256.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import { parseEntry } from '../formats/entry.ts'
import { createStoredCheck } from '../formats/sealed.ts'
import { idOf, type SegmentManifest } from '../formats/segment.ts'
import type { Block, BlockEntry } from '../formats/segment-block.ts'
import { createBlockCipher, unpackBlock } from '../formats/segment-seal.ts'
import { formatRuns, parseRuns, runsOf } from '../formats/seq-runs.ts'
import { type OpenedSegment, openSegmentNote } from '../formats/signed-segment.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { leafHash } from '../merkle/hash.ts'
import type { TreeHead } from '../merkle/head.ts'
import { rootWithRest } from '../merkle/partial.ts'
import type { Entry } from './entries.ts'
import { type FindingCode, type FindingList, finding } from './finding.ts'

/** What lies in the archive under the id of a segment. */
export interface SegmentBytes {
  readonly id: string
  readonly manifest: Uint8Array | undefined
  readonly object: Uint8Array | undefined
}

/** What the ledger has on record of it. */
export interface ExpectedSegment {
  readonly manifest_sha256: string
  readonly object_sha256: string
}

export interface SegmentTrust {
  /** The ledger that it has to be of. */
  readonly origin: string
  /** Keys of that ledger. */
  readonly keys: readonly VerifierKey[]
}

export interface CheckedSegment {
  /** Whether its object is the one that was signed. */
  readonly stands: boolean
  /** Entries that were opened, and held against the root. */
  readonly opened: number
  /** Entries that it is said to hold. */
  readonly said: number
}

const NOTHING: CheckedSegment = { stands: false, opened: 0, said: 0 }

/** @param keyOf the key of the scope of a segment: `undefined` where it is not in the keyring, `none` where nothing is to be opened */
export function checkSegment(
  segment: SegmentBytes,
  expected: ExpectedSegment | undefined,
  trust: SegmentTrust,
  keyOf: (manifest: SegmentManifest) => KeyObject | 'none' | undefined,
  findings: FindingList,
): CheckedSegment {
  const what = `segment ${segment.id}`
  const found = (code: FindingCode, problem: string): void => findings.add(finding(code, { what }, problem))
  if (segment.manifest === undefined) {
    found('segment-missing', 'its manifest is not in the archive')
    return NOTHING
  }
  if (expected !== undefined && sha256Hex(segment.manifest) !== expected.manifest_sha256)
    found('segment-altered', 'its manifest is not the one that the ledger has on record')
  const opened = openSegmentNote(segment.manifest, trust.keys)
  if ('fault' in opened) {
    found(CODE_OF[opened.fault], `its manifest: ${opened.problem}`)
    return NOTHING
  }
  const { manifest } = opened
  if (idOf(manifest) !== segment.id) found('segment-altered', `its manifest is about segment ${idOf(manifest)}`)
  if (manifest.ledger !== trust.origin) found('wrong-ledger', `it is of ${manifest.ledger}, not of ${trust.origin}`)
  const said = manifest.blocks.reduce((sum, { count }) => sum + count, 0)
  const head = headOf(manifest, trust.keys, found)
  const { object } = segment
  if (object === undefined) {
    found('segment-missing', 'its object is not in the archive')
    return { ...NOTHING, said }
  }
  const sha256 = sha256Hex(object)
  if (sha256 !== manifest.object.sha256 || (expected !== undefined && sha256 !== expected.object_sha256)) {
    found('segment-altered', 'its object is not the one that the manifest describes')
    return { ...NOTHING, said }
  }
  const key = keyOf(manifest)
  if (key === undefined) found('segment-unopened', 'its key is not at hand')
  if (key === undefined || key === 'none' || head === undefined) return { stands: true, opened: 0, said }
  const blocks = openBlocks(object, manifest, key)
  if (blocks === 'closed' && expected === undefined) {
    // Its bytes are those that were signed: whoever gave the key may have given another one.
    found('segment-unopened', 'the key that was given for it does not open it')
    return { ...NOTHING, stands: true, said }
  }
  if (blocks === undefined || blocks === 'closed') {
    found('segment-altered', 'a block does not open, or holds no entries')
    return { ...NOTHING, said }
  }
  checkEntries(object, manifest, blocks, head, { found, what, findings })
  return { stands: true, opened: said, said }
}

const CODE_OF: Readonly<Record<Extract<OpenedSegment, { readonly fault: unknown }>['fault'], FindingCode>> = {
  unreadable: 'segment-altered',
  'signature-invalid': 'signature-invalid',
  unsigned: 'no-trusted-signature',
}

type Found = (code: FindingCode, problem: string) => void

function headOf(manifest: SegmentManifest, keys: readonly VerifierKey[], found: Found): TreeHead | undefined {
  const opened = openCheckpoint(utf8(manifest.checkpoint), keys)
  if ('code' in opened) {
    const unsigned = opened.code === 'no-trusted-signature'
    found(
      unsigned ? opened.code : 'checkpoint-unreadable',
      `the checkpoint in its manifest does not hold (${opened.code})`,
    )
    return undefined
  }
  if (opened.checkpoint.origin === manifest.ledger) return opened.checkpoint
  found('wrong-origin', `the checkpoint in its manifest is of ${opened.checkpoint.origin}`)
  return undefined
}

function openBlocks(
  object: Uint8Array,
  manifest: SegmentManifest,
  key: KeyObject,
): readonly Block[] | 'closed' | undefined {
  const cipher = createBlockCipher(key, manifest.ledger, manifest.digest)
  const last = manifest.blocks.length - 1
  const blocks: Block[] = []
  for (const [index, { offset, length, count, first_seq }] of manifest.blocks.entries()) {
    const place = { index, position: index === last ? 'last' : 'inner' } as const
    const packed = cipher.open(place, object.subarray(offset, offset + length))
    if (packed === undefined) return 'closed'
    const block = unpackBlock(packed)
    if (block?.entries.length !== count || block.entries[0]?.seq !== first_seq) return undefined
    blocks.push(block)
  }
  return blocks
}

interface Telling {
  readonly found: Found
  readonly what: string
  readonly findings: FindingList
}

function checkEntries(
  object: Uint8Array,
  manifest: SegmentManifest,
  blocks: readonly Block[],
  head: TreeHead,
  { found, what, findings }: Telling,
): void {
  const entries = blocks.flatMap((block) => block.entries)
  const leaves = entries.map(({ entry }) => leafHash(entry))
  const said = parseRuns(manifest.seqs) ?? []
  const ascending = entries.every(({ seq }, i) => i === 0 || seq > (entries[i - 1]?.seq ?? 0))
  if (!ascending || formatRuns(runsOf(entries.map(({ seq }) => seq))) !== manifest.seqs)
    found('segment-altered', 'it holds other entries than its manifest says')
  else if (sha256Hex(concatBytes(...leaves)) !== manifest.leaves_sha256)
    found('segment-altered', 'the leaf hashes of its entries are not those of its manifest')
  else if (!leadTo(head, said, leaves, restOf(object, manifest)))
    found('root-mismatch', `its entries do not lead to the root of the checkpoint of size ${head.size}`)
  let missing = 0
  for (const block of blocks) {
    for (const one of block.entries) {
      const entry = readEntry(one, manifest.ledger, findings)
      missing += checkPayloads(entry, block, object.subarray(manifest.payloads.offset), {
        seq: one.seq,
        what,
        findings,
      })
    }
  }
  if (missing > 0 && manifest.payloads.missing === 0)
    found('payload-missing', `${missing} payloads that its entries name are not in it`)
}

function restOf(object: Uint8Array, { rest }: SegmentManifest): readonly Hash[] {
  return Array.from({ length: rest.count }, (_, i) => {
    const at = rest.offset + i * HASH_BYTES
    return object.subarray(at, at + HASH_BYTES)
  })
}

function leadTo(
  { size, root }: TreeHead,
  runs: ReturnType<typeof runsOf>,
  leaves: readonly Hash[],
  rest: readonly Hash[],
): boolean {
  if ((runs.at(-1)?.last ?? size) >= size) return false
  const computed = rootWithRest(runs, size, leaves, rest)
  return computed !== undefined && equalBytes(computed, root)
}

function readEntry({ seq, entry }: BlockEntry, origin: string, findings: FindingList): Entry | undefined {
  const parsed = parseEntry(entry)
  if ('fault' in parsed) {
    if (parsed.fault.code !== 'unknown-version') findings.add(finding(parsed.fault.code, { seq }, parsed.fault.problem))
    return undefined
  }
  const { id, seq: named, ledger } = parsed.entry
  if (named !== seq) findings.add(finding('wrong-seq', { seq, id }, `the entry says that its seq is ${named}`))
  if (ledger !== origin) findings.add(finding('wrong-ledger', { seq, id }, `the entry belongs to ${ledger}`))
  return parsed.entry
}

/** Answers how many are not there. */
function checkPayloads(
  entry: Entry | undefined,
  { payloads }: Block,
  stored: Uint8Array,
  { seq, what, findings }: { readonly seq: number; readonly what: string; readonly findings: FindingList },
): number {
  let missing = 0
  for (const reference of entry?.content ?? []) {
    const place = payloads.find(({ blob_id }) => blob_id === reference.blob_id)
    if (place === undefined) missing++
    else {
      const check = createStoredCheck(reference)
      check.push(stored.subarray(place.offset, place.offset + place.length))
      const fault = check.end()
      if (fault !== undefined) {
        const problem = `its payload ${reference.blob_id} in ${what} is not what it names (${fault.code})`
        findings.add(finding('payload-altered', { seq }, problem))
      }
    }
  }
  return missing
}
