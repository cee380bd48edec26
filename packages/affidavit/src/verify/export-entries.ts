// The entries of an export, read line by line: each gets its place, is held against the tree, and then heard.

import { readSync } from 'node:fs'

import { equalBytes } from '../bytes/compare.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import type { Hash } from '../crypto/sha256.ts'
import { isDestroyedLine, parseDestroyedLine } from '../formats/destroyed-line.ts'
import { parseEntry } from '../formats/entry.ts'
import { asksForAll, type ExportQuery } from '../formats/export.ts'
import { MAX_ENTRY_BYTES } from '../formats/fields.ts'
import { leafHash } from '../merkle/hash.ts'
import { createGroups, type Slot } from './export-groups.ts'
import { type KeyLine, sayFault } from './export-keys.ts'
import { type Line, type ReadLines, readLines } from './export-lines.ts'
import { createExportLinks, type ExportLinks, type LinkContext } from './export-links.ts'
import { lineName, placesOfAll, placesOfSome } from './export-places.ts'
import type { ExportTree } from './export-tree.ts'
import { type FindingList, finding } from './finding.ts'
import type { Folder } from './folder.ts'

export const ENTRIES_FILE = 'entries.jsonl'

export interface EntriesContext {
  readonly folder: Folder
  readonly origin: string
  readonly size: number
  /** What the export answers; `undefined` where the cover does not tell. */
  readonly query: ExportQuery | undefined
  /** How long the cover says that the file is; `undefined` where it does not tell. */
  readonly bytes: number | undefined
  readonly keyLines: readonly KeyLine[]
  readonly tree: ExportTree
  readonly findings: FindingList
  /** Conversations remembered at once. */
  readonly remembered: number
  readonly onProgress: (lines: number) => void
}

export interface CheckedEntries {
  /** Absent where it could not be read. */
  readonly file?: ReadLines
  readonly lines: number
  /** Entries whose bytes were held against the tree. */
  readonly checked: number
  readonly firstSeq: number | undefined
  readonly lastSeq: number | undefined
  /** Entries of a format version that this verifier does not know. */
  readonly uninterpreted: number
  /** How often entries name a payload; none of them is in an export. */
  readonly contents: number
  readonly links: ExportLinks
}

/** What is read of a file that is longer than it can be. */
const SPARE_BYTES = 16_777_216

/** Lines between two reports of progress. */
const STEP = 4_096

/** Reads and checks `entries.jsonl`, and with it the whole tree. @throws VerifyError */
export async function checkEntries(context: EntriesContext): Promise<CheckedEntries> {
  const opened = await context.folder.open(ENTRIES_FILE)
  if (typeof opened === 'string') {
    context.findings.add(finding('file-missing', { what: ENTRIES_FILE }, sayFault(opened)))
    return createChecker(context, () => undefined).end()
  }
  try {
    const checker = createChecker(context, (offset) => rereadEntry(opened.fd, offset))
    const file = await readLines(opened, limitOf(context), checker.take)
    if (file.end === 'cut') {
      context.findings.add(finding('file-altered', { what: ENTRIES_FILE }, 'its last line does not end with a newline'))
    }
    if (file.end === 'beyond') {
      const problem = 'it goes on far behind what the export can hold; the rest was not read'
      context.findings.add(finding('file-altered', { what: ENTRIES_FILE }, problem))
    }
    return { ...checker.end(), file }
  } finally {
    await opened.close()
  }
}

// A file can be made longer than anybody can read. What is read beyond the cover's length is enough to say what was added.
function limitOf({ bytes, size }: EntriesContext): number {
  return Math.min(bytes ?? Number.MAX_SAFE_INTEGER, size * (MAX_ENTRY_BYTES + 1)) + SPARE_BYTES
}

function rereadEntry(fd: number, offset: number): ReturnType<LinkContext['reread']> {
  const bytes = Buffer.alloc(MAX_ENTRY_BYTES + 1)
  const read = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, offset))
  const line = read.subarray(0, Math.max(0, read.indexOf(0x0a)))
  const destroyed = isDestroyedLine(line) ? parseDestroyedLine(line) : undefined
  if (destroyed !== undefined) return { place: destroyed, hash: destroyed.integrity_hash }
  const parsed = parseEntry(line)
  return 'fault' in parsed ? undefined : { place: parsed.entry, hash: toHex(leafHash(line)) }
}

interface Checker {
  take(line: Line): void
  end(): CheckedEntries
}

function createChecker(context: EntriesContext, reread: LinkContext['reread']): Checker {
  const { origin, size, query, keyLines, tree, findings, remembered, onProgress } = context
  const links = createExportLinks({ origin, query, findings, reread, remembered })
  const groups = createGroups({ size, tree, keyLines, links, findings })
  const isWhole = query !== undefined && asksForAll(query)
  const places = (isWhole ? placesOfAll : placesOfSome)(size, findings)
  let lines = 0
  let contents = 0
  let firstSeq: number | undefined
  let lastSeq: number | undefined

  function stands(leaf: Hash, seq: number): 'here' | 'not here' | 'unknown' {
    const stored = tree.leafAt(seq)
    if (stored === undefined) return 'unknown'
    return equalBytes(leaf, stored) ? 'here' : 'not here'
  }

  return {
    take({ bytes, number, offset }) {
      lines++
      if (lines % STEP === 0) onProgress(lines)
      if (bytes === undefined) {
        findings.add(finding('entry-altered', { what: lineName(number) }, 'the line is longer than an entry can be'))
        return
      }
      const { leaf, parsed } = isWhole && isDestroyedLine(bytes) ? readDestroyed(bytes) : readEntry(bytes)
      const seq = places.next({ ...claimOf(parsed, bytes), number, stands: (at) => stands(leaf, at) })
      if (seq === undefined) return
      if ('entry' in parsed) contents += parsed.entry.content?.length ?? 0
      firstSeq ??= seq
      lastSeq = seq
      groups.put(seq, { leaf, parsed, offset })
    },
    end() {
      places.end()
      groups.end()
      onProgress(lines)
      return {
        lines,
        checked: groups.checked(),
        firstSeq,
        lastSeq,
        uninterpreted: groups.uninterpreted(),
        contents,
        links,
      }
    },
  }
}

type Read = Pick<Slot, 'leaf' | 'parsed'>

function readEntry(bytes: Uint8Array): Read {
  return { leaf: leafHash(bytes), parsed: parseEntry(bytes) }
}

// What is no such line is found to be no entry either.
function readDestroyed(bytes: Uint8Array): Read {
  const destroyed = parseDestroyedLine(bytes)
  const leaf = destroyed === undefined ? undefined : fromHex(destroyed.integrity_hash)
  return destroyed === undefined || leaf === undefined ? readEntry(bytes) : { leaf, parsed: { destroyed } }
}

// Hash checks never depend on the format version: an entry that cannot be interpreted still says where it stands.
function claimOf(parsed: Slot['parsed'], bytes: Uint8Array): { seq: number | undefined; id: string | undefined } {
  if ('destroyed' in parsed) return { seq: parsed.destroyed.seq, id: parsed.destroyed.id }
  if ('entry' in parsed) return { seq: parsed.entry.seq, id: parsed.entry.id }
  return { seq: looseSeq(decodeUtf8(bytes) ?? ''), id: undefined }
}

function looseSeq(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const seq: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'seq') : undefined
    return typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0 ? seq : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
