// The checkpoint log outside the database (spec/checkpoint.md §6): what makes a cut tail or a rewritten database visible.
// Writers of several processes share the file; a lock file beside it keeps a torn last record, which a crash or a full
// disk leaves, apart from one that is just being written.

import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { utf8 } from '../bytes/text.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { encodeCheckpointRecord } from '../formats/checkpoint-log.ts'
import { parseNote } from '../formats/note.ts'
import { isRecordStart } from '../formats/torn-record.ts'
import { underLock } from './file-lock.ts'
import { syncFolder } from './sync-folder.ts'

/** Name of the log in its folder. */
export const CHECKPOINT_LOG = 'checkpoints.log'

/** What the newest records of a log surely fit into. */
const TAIL_BYTES = 262_144

/** The part of a file that the log needs; tests break its writes. */
export interface LogFile {
  stat(): Promise<{ readonly size: number }>
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>
  truncate(length: number): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

export type OpenLogFile = (path: string, flags: number) => Promise<LogFile>

export interface CheckpointFile {
  readonly path: string
  /**
   * Adds a signed note, durable when it resolves.
   * @throws LedgerError `not-published`
   */
  append(note: string): Promise<void>
  /** The notes of `origin` among the newest records, oldest first. One that was torn is not among them. */
  newest(origin: string): Promise<readonly { size: number; note: string }[]>
  /** What stands behind the last whole record: nothing, or what the next append would cut off. */
  torn(): Promise<Uint8Array>
}

export function checkpointFile(folder: string, openLog: OpenLogFile = open): CheckpointFile {
  const path = join(folder, CHECKPOINT_LOG)
  return {
    path,
    async append(note) {
      const record = utf8(encodeCheckpointRecord(note))
      try {
        await mkdir(folder, { recursive: true })
        await underLock(`${path}.lock`, () => appendRecord(path, record, openLog))
      } catch (cause) {
        throw notPublished(path, cause)
      }
    },
    async newest(origin) {
      const tail = await tailOf(path)
      // The next append cuts off what is behind the last whole record, even where enough of it is there to be read.
      return notesOf(tail.subarray(0, endOfLastRecord(tail)), origin)
    },
    async torn() {
      const tail = await tailOf(path)
      return tail.subarray(endOfLastRecord(tail))
    },
  }
}

async function tailOf(path: string): Promise<Buffer> {
  const file = await openIfThere(path)
  if (file === undefined) return Buffer.alloc(0)
  try {
    return await readTail(file).catch((cause: unknown) => unreadable(path, cause))
  } finally {
    await file.close()
  }
}

async function appendRecord(path: string, record: Uint8Array, openLog: OpenLogFile): Promise<void> {
  const file = await openLog(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND)
  try {
    const { size } = await file.stat()
    const end = await endOfRecords(file)
    if (end < size) await file.truncate(end)
    await writeWhole(file, record, end)
    await file.sync()
    if (end === 0) await syncFolder(dirname(path))
  } finally {
    await file.close()
  }
}

// Where the last whole record ends. Bytes behind it are a record whose writer died; nothing was released that it says.
async function endOfRecords(file: LogFile): Promise<number> {
  const { size } = await file.stat()
  const tail = await readTail(file)
  const end = endOfLastRecord(tail)
  if ((end === 0 && size > tail.length) || !isRecordStart(tail.subarray(end)))
    throw new Error('the last records of the checkpoint log are damaged; keep the file as evidence and move it away')
  return size - tail.length + end
}

// Every first empty line ends a note's text, every second one its record: two blank lines, the latter ending the file.
function endOfLastRecord(tail: Buffer): number {
  let end = tail.lastIndexOf('\n\n')
  while (end !== -1) {
    const lineStart = tail.lastIndexOf('\n', end - 1) + 1
    if (tail.subarray(lineStart, lineStart + 4).toString('utf8') === '— ') return end + 2
    end = end === 0 ? -1 : tail.lastIndexOf('\n\n', end - 1)
  }
  return 0
}

async function writeWhole(file: LogFile, record: Uint8Array, at: number): Promise<void> {
  try {
    const { bytesWritten } = await file.write(record, 0, record.length)
    if (bytesWritten !== record.length)
      throw new Error(`only ${bytesWritten} of ${record.length} bytes could be written`)
  } catch (error) {
    await file.truncate(at)
    throw error
  }
}

async function readTail(file: LogFile): Promise<Buffer> {
  const { size } = await file.stat()
  const from = Math.max(0, size - TAIL_BYTES)
  const tail = Buffer.alloc(size - from)
  let read = 0
  while (read < tail.length) {
    const { bytesRead } = await file.read(tail, read, tail.length - read, from + read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return tail.subarray(0, read)
}

function notesOf(tail: Buffer, origin: string): { size: number; note: string }[] {
  const notes: { size: number; note: string }[] = []
  for (const record of tail.toString('utf8').split(/(?<=\n— [^\n]*\n)\n/)) {
    const note = parseNote(utf8(record))
    const body = 'code' in note ? note : parseCheckpointBody(note.text)
    if (!('code' in body) && body.origin === origin) notes.push({ size: body.size, note: record })
  }
  return notes
}

async function openIfThere(path: string): Promise<Awaited<ReturnType<typeof open>> | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    return unreadable(path, error)
  }
}

function unreadable(path: string, cause: unknown): never {
  const said = cause instanceof Error ? cause.message : String(cause)
  throw new LedgerError('store-unavailable', { problem: `cannot read the checkpoint log ${path}: ${said}`, cause })
}

function notPublished(path: string, cause: unknown): LedgerError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new LedgerError('not-published', {
    problem: `the checkpoint could not be written to ${path}: ${said}`,
    cure: 'the records are durable; make the folder writable, and the next publication catches up',
    cause,
  })
}
