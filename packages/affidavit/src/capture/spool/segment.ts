// A segment of a spool as bytes (spec/spool.md §3): a header that people can read, then frames. Pure.

import { toBase64 } from '../../bytes/base64.ts'
import { concatBytes } from '../../bytes/compare.ts'
import { parseDecimal } from '../../bytes/decimal.ts'
import { utf8 } from '../../bytes/text.ts'
import { NONCE_BYTES, TAG_BYTES } from '../../crypto/aead.ts'
import type { Spooling } from '../../ledger/spooling.ts'

/** What a segment says of itself. */
export interface SegmentTitle {
  /** NAME of the ledger that it waits for. */
  readonly ledger: string
  /** 32 hex digits, the same in all segments of a folder. */
  readonly spool: string
  /** Number of its first draft. */
  readonly first: number
  /** When that happened. */
  readonly since: string
}

export type Seal = Pick<Spooling, 'seal' | 'open'>

type FrameKind = 'draft' | 'mark'

export interface Frame {
  readonly kind: FrameKind
  readonly sealed: Uint8Array
  /** Where the next one begins. */
  readonly end: number
}

const FIRST_LINE = 'affidavit spool v1'
const KINDS: Readonly<Record<FrameKind, number>> = { draft: 1, mark: 2 }
/** Kind and length. */
const FRAME_HEAD_BYTES = 5
const MARK_PLAIN_BYTES = 8
/** What a frame has besides what it holds. */
export const FRAME_BYTES: number = FRAME_HEAD_BYTES + NONCE_BYTES + TAG_BYTES
export const MARK_BYTES: number = FRAME_BYTES + MARK_PLAIN_BYTES
const MARK_HEAD = headOf('mark', MARK_BYTES - FRAME_HEAD_BYTES)
/** No header is longer. */
export const MAX_HEADER_BYTES = 1_024

export function encodeHeader(seal: Seal, title: SegmentTitle): Uint8Array {
  const check = seal.seal(new Uint8Array(), aadOf(title, 0, 0))
  return utf8(`${titleText(title)}check ${toBase64(check)}\n\n`)
}

function titleText({ ledger, spool, first, since }: SegmentTitle): string {
  return `${FIRST_LINE}\nledger ${ledger}\nspool ${spool}\nfirst ${first}\nsince ${since}\n`
}

export type HeaderRead =
  | { readonly state: 'read'; readonly title: SegmentTitle; readonly check: Uint8Array; readonly size: number }
  /** Of a later version than this one. */
  | { readonly state: 'newer' }
  /** The start of a header: whoever wrote it died. */
  | { readonly state: 'torn' }
  | { readonly state: 'damaged' }

const HEADER =
  /^affidavit spool v1\nledger ([^\n]+)\nspool ([0-9a-f]{32})\nfirst ([1-9]\d{0,14})\nsince ([\d\-T:.Z]{24})\ncheck ([A-Za-z0-9+/]+=*)\n\n/

/** Reads the header of a segment from its first bytes; whose it is, and whether it was altered, `opensHeader` tells. */
export function readHeader(bytes: Uint8Array): HeaderRead {
  const begin = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEADER_BYTES)).toString('utf8')
  const [whole, ledger = '', spool = '', first = '', since = '', check = ''] = HEADER.exec(begin) ?? []
  if (whole !== undefined) {
    const title = { ledger, spool, first: parseDecimal(first) ?? 0, since }
    return { state: 'read', title, check: Buffer.from(check, 'base64'), size: Buffer.byteLength(whole) }
  }
  const version = /^affidavit spool v([1-9]\d*)\n/.exec(begin)?.[1]
  if (version !== undefined && version !== '1') return { state: 'newer' }
  return bytes.length < MAX_HEADER_BYTES && isStartOfHeader(begin) ? { state: 'torn' } : { state: 'damaged' }
}

// A file that was growing when the power went can end in zeros.
function isStartOfHeader(begin: string): boolean {
  const text = begin.replace(/\0+$/, '')
  return !text.includes('\n\n') && (FIRST_LINE.startsWith(text) || text.startsWith(`${FIRST_LINE}\n`))
}

/** Whether a header was written with the key of this ledger, and is as it was. */
export function opensHeader(seal: Seal, { title, check }: Extract<HeaderRead, { state: 'read' }>): boolean {
  return seal.open(check, aadOf(title, 0, 0)) !== undefined
}

export function encodeDraftFrame(seal: Seal, title: SegmentTitle, number: number, plain: Uint8Array): Uint8Array {
  return encodeFrame('draft', seal.seal(plain, aadOf(title, KINDS.draft, number)))
}

/** Says that all drafts below `next` are durable. */
export function encodeMark(seal: Seal, title: SegmentTitle, next: number): Uint8Array {
  const plain = Buffer.alloc(MARK_PLAIN_BYTES)
  plain.writeBigUInt64BE(BigInt(next))
  return encodeFrame('mark', seal.seal(plain, aadOf(title, KINDS.mark, 0)))
}

function encodeFrame(kind: FrameKind, sealed: Uint8Array): Uint8Array {
  return concatBytes(headOf(kind, sealed.length), sealed)
}

function headOf(kind: FrameKind, length: number): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES)
  head.writeUInt8(KINDS[kind])
  head.writeUInt32BE(length, 1)
  return head
}

/** The frame that begins at `at`, by what it says of its length; `undefined` where none is whole there. */
export function frameAt(bytes: Uint8Array, at: number): Frame | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length - at < FRAME_BYTES) return undefined
  const kind = kindOf(view.readUInt8(at))
  const end = at + FRAME_HEAD_BYTES + view.readUInt32BE(at + 1)
  if (kind === undefined || end > view.length || end < at + FRAME_BYTES) return undefined
  return { kind, sealed: view.subarray(at + FRAME_HEAD_BYTES, end), end }
}

/** The frames from `from` on, one behind the other, as far as they are whole. */
export function* framesIn(bytes: Uint8Array, from: number): Generator<Frame> {
  for (let frame = frameAt(bytes, from); frame !== undefined; frame = frameAt(bytes, frame.end)) yield frame
}

function kindOf(byte: number): FrameKind | undefined {
  return byte === KINDS.draft ? 'draft' : byte === KINDS.mark ? 'mark' : undefined
}

/** What was sealed as this draft; `undefined` where it is another, or was altered. */
export function openDraftFrame(
  seal: Seal,
  title: SegmentTitle,
  number: number,
  sealed: Uint8Array,
): Uint8Array | undefined {
  return seal.open(sealed, aadOf(title, KINDS.draft, number))
}

/** The number below which a mark says that all is durable. */
export function openMark(seal: Seal, title: SegmentTitle, sealed: Uint8Array): number | undefined {
  const plain = seal.open(sealed, aadOf(title, KINDS.mark, 0))
  if (plain?.length !== MARK_PLAIN_BYTES) return undefined
  return Number(Buffer.from(plain).readBigUInt64BE())
}

function aadOf(title: SegmentTitle, kind: number, number: number): Uint8Array {
  return utf8(`${titleText(title)}${kind}\n${number}\n`)
}

/** Where the next mark begins, from `from` on and before `until`; `until` where none does. */
export function findMark(seal: Seal, title: SegmentTitle, bytes: Uint8Array, from: number, until: number): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = view.indexOf(MARK_HEAD, from); at !== -1 && at < until; at = view.indexOf(MARK_HEAD, at + 1)) {
    const sealed = view.subarray(at + FRAME_HEAD_BYTES, at + MARK_BYTES)
    if (sealed.length === MARK_BYTES - FRAME_HEAD_BYTES && openMark(seal, title, sealed) !== undefined) return at
  }
  return until
}
