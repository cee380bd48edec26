// Entries that are verified one by one: each with the proof that it stands in the tree of a checkpoint.

import type { Hash } from '../crypto/sha256.ts'
import { parseEntry } from '../formats/entry.ts'
import { isStub } from '../formats/stub.ts'
import { leafHash } from '../merkle/hash.ts'
import type { TreeHead } from '../merkle/head.ts'
import { checkInclusion } from '../merkle/inclusion.ts'
import type { Entry } from './entries.ts'
import { type FindingList, finding } from './finding.ts'

/** Where an entry is said to stand, its bytes, and the proof of it (RFC 6962 §2.1.1). */
export interface ProvenEntry {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly proof: readonly Hash[]
  /** Of an entry that has left: the leaf hash that is stored with its stub. */
  readonly leaf?: Hash
}

/** What is proven: the hash of the bytes, or, of an entry that has left, the one that is stored. */
export function leafOf({ bytes, leaf }: Pick<ProvenEntry, 'bytes' | 'leaf'>): Hash {
  return isStub(bytes) && leaf !== undefined ? leaf : leafHash(bytes)
}

/** Checks bytes and proof; answers the entry where the bytes are one, whatever was found. */
export function checkProven(
  { seq, bytes, proof, ...stored }: ProvenEntry,
  head: TreeHead,
  origin: string,
  findings: FindingList,
): Entry | undefined {
  const parsed = parseEntry(bytes)
  const entry = 'entry' in parsed ? parsed.entry : undefined
  const place = entry === undefined ? { seq } : { seq, id: entry.id }
  if ('fault' in parsed && parsed.fault.code !== 'unknown-version' && !isStub(bytes))
    findings.add(finding(parsed.fault.code, place, parsed.fault.problem))
  const fault = checkInclusion({
    proof,
    index: seq,
    leaf: leafOf({ bytes, ...stored }),
    size: head.size,
    root: head.root,
  })
  if (fault !== undefined) {
    const problem =
      fault.code === 'root-mismatch'
        ? 'these bytes are not in the signed tree at this place'
        : `the proof does not fit (${fault.code})`
    findings.add(finding(fault.code === 'root-mismatch' ? 'entry-altered' : 'proof-invalid', place, problem))
  }
  if (entry === undefined) return undefined
  if (entry.seq !== seq) findings.add(finding('wrong-seq', place, `the entry says that its seq is ${entry.seq}`))
  if (entry.ledger !== origin) findings.add(finding('wrong-ledger', place, `the entry belongs to ${entry.ledger}`))
  return entry
}
