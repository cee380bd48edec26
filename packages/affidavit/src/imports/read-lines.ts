// Lines of a text file, also of a gzipped one, with flat memory. What is wrong with a line is told with its number;
// the good lines before and, where the file can be read on, after it are still given.

import { type FileHandle, open } from 'node:fs/promises'

import { decodeUtf8 } from '../bytes/text.ts'
import { ImportFault } from './fault.ts'
import { gunzip } from './gunzip.ts'

/** Bytes of one line at most, its end not counted. */
export const MAX_LINE_BYTES: number = 16 * 2 ** 20

const CHUNK_BYTES = 64 * 2 ** 10
const NEWLINE = 0x0a
const RETURN = 0x0d
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]
const GZIP_MAGIC = [0x1f, 0x8b]

/** Lines count from 1. Empty ones are counted and not given. */
export type LineRead =
  | { readonly line: number; readonly text: string }
  | { readonly line: number; readonly problem: string }

/**
 * Reads `file`, unpacking it where it is named `.gz` or begins as gzip does. Line ends are LF or CRLF; the last line
 * needs none; a byte order mark in front is skipped. `onRead` hears how many bytes of how many were read so far.
 * @throws ImportFault where the file cannot be opened
 */
export async function* readLines(
  file: string,
  onRead: (bytes: number, total: number) => void = () => undefined,
): AsyncGenerator<LineRead> {
  const handle = await openFile(file)
  try {
    const first = await firstChunk(handle, file)
    const { size } = await handle.stat()
    const stored = chunks(handle, first, (bytes) => onRead(bytes, size))
    const packed = file.endsWith('.gz') || startsWith(first, GZIP_MAGIC)
    yield* splitLines(packed ? gunzip(stored) : stored)
  } finally {
    await handle.close()
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file)
  } catch (error) {
    throw unreadable(file, error)
  }
}

// A folder opens like a file and fails here.
async function firstChunk(handle: FileHandle, file: string): Promise<Uint8Array> {
  try {
    return await nextChunk(handle)
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, error: unknown): ImportFault {
  const why = error instanceof Error ? error.message : String(error)
  return new ImportFault('', `${file} cannot be read: ${why}`, { cause: error })
}

async function nextChunk(handle: FileHandle): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(CHUNK_BYTES))
  return buffer.subarray(0, bytesRead)
}

async function* chunks(
  handle: FileHandle,
  first: Uint8Array,
  onRead: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let read = 0
  for (let chunk = first; chunk.length > 0; chunk = await nextChunk(handle)) {
    read += chunk.length
    onRead(read)
    yield chunk
  }
}

/** A line while its bytes arrive. Beyond the bound nothing more of it is kept. */
interface Growing {
  line: number
  bytes: Uint8Array[]
  length: number
  readonly most: number
}

/** The lines of bytes that come from anywhere, by the same rules, of at most `most` bytes. Where `source` fails, that is told and ends them. */
export async function* splitLines(
  source: AsyncIterable<Uint8Array>,
  most: number = MAX_LINE_BYTES,
): AsyncGenerator<LineRead> {
  const growing: Growing = { line: 1, bytes: [], length: 0, most }
  try {
    for await (const chunk of source) {
      let from = 0
      for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
        grow(growing, chunk.subarray(from, at))
        yield* finish(growing)
        from = at + 1
      }
      grow(growing, chunk.subarray(from))
    }
  } catch (error) {
    // What was read of this line is no line: nobody knows how it went on.
    yield { line: growing.line, problem: stopProblem(error) }
    return
  }
  if (growing.length > 0) yield* finish(growing)
}

function grow(growing: Growing, bytes: Uint8Array): void {
  growing.length += bytes.length
  // One byte more than the bound: a carriage return is no part of the line.
  if (growing.length <= growing.most + 1) growing.bytes.push(bytes)
  else growing.bytes = []
}

function* finish(growing: Growing): Generator<LineRead> {
  const { line, length, most } = growing
  const read = length > most + 1 ? undefined : Buffer.concat(growing.bytes)
  growing.line++
  growing.bytes = []
  growing.length = 0
  const bytes = read === undefined ? undefined : withoutMarks(read, line)
  if (bytes === undefined || bytes.length > most) {
    yield { line, problem: `is longer than ${most} bytes` }
    return
  }
  const text = decodeUtf8(bytes)
  if (text === undefined) yield { line, problem: 'is not UTF-8' }
  else if (/[^ \t]/.test(text)) yield { line, text }
}

function withoutMarks(bytes: Uint8Array, line: number): Uint8Array {
  const from = line === 1 && startsWith(bytes, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0
  return bytes.subarray(from, bytes.at(-1) === RETURN ? -1 : bytes.length)
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, i) => bytes[i] === byte)
}

function stopProblem(error: unknown): string {
  if (!(error instanceof Error)) throw error
  const code = 'code' in error ? error.code : undefined
  if (code === 'Z_BUF_ERROR') return 'the gzip data ends too early: the rest of the file is missing'
  if (code === 'Z_DATA_ERROR')
    return `the gzip data is corrupt from about here on (${error.message}); what stands before may be too`
  if (typeof code !== 'string') throw error
  return `the file cannot be read on: ${error.message}`
}
