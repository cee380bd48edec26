// Loading anchors: the checkpoint log of a ledger, and what an auditor kept. Whether a note holds is the verifier's to say.

import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { type CheckpointLogFault, readCheckpointLog, type TornRecord } from '../formats/checkpoint-log.ts'
import { parseNote } from '../formats/note.ts'
import { CHECKPOINT_LOG } from '../ledger/checkpoint-file.ts'
import type { Anchor } from '../verify/anchors.ts'
import { readAnchor } from './folder.ts'

/** More than one record takes (spec/checkpoint.md §6). */
const MAX_TORN_BYTES = 1_048_577

/**
 * The checkpoint log of the ledger in `folder`, which is under the ledger's own account. Empty where the file is not there.
 * @throws LedgerError `not-a-ledger` where the settings are unreadable, `store-unavailable`
 */
export async function localAnchor(folder: string): Promise<Anchor> {
  const place = readAnchor(folder)
  const where = place.kind === 'same directory' ? place.kind : place.folder
  const path = join(place.folder, CHECKPOINT_LOG)
  const readAt = Date.now()
  const readNow = async (): Promise<Contents> =>
    (await kindOf(path)) === 'nothing' ? { notes: [], faults: [] } : readLog(path)
  const read = await readNow()
  const readAgain = async (): Promise<readonly string[]> => (await readNow()).notes
  return {
    kind: 'local',
    where,
    readAt,
    readAgain,
    ...(place.kind === 'own directory' ? { use: 'shared' } : {}),
    ...read,
  }
}

/**
 * What somebody kept outside the ledger's reach: a file with one checkpoint, a checkpoint log, or a folder that holds one.
 * @throws LedgerError `not-found`, `store-unavailable`
 */
export async function externalAnchor(path: string): Promise<Anchor> {
  const file = (await kindOf(path)) === 'folder' ? join(path, CHECKPOINT_LOG) : path
  if ((await kindOf(file)) !== 'file') throw noSuchAnchor(file)
  const read = await readLog(file)
  const single = read.notes.length === 0 && read.torn !== undefined ? singleCheckpoint(read.torn) : undefined
  if (single !== undefined) return { kind: 'external', where: path, notes: [single], faults: [] }
  return { kind: 'external', where: path, ...read }
}

type Contents = Pick<Anchor, 'notes' | 'faults' | 'torn'>

async function readLog(path: string): Promise<Contents> {
  const notes: string[] = []
  try {
    for await (const item of readCheckpointLog(createReadStream(path))) {
      if ('note' in item) notes.push(item.note)
      else if ('code' in item) return { notes, faults: [faultText(item)] }
      else return { notes, faults: [], torn: await readFrom(path, item) }
    }
    return { notes, faults: [] }
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function faultText(fault: CheckpointLogFault): string {
  const code = fault.code === 'checkpoint-log-record' ? fault.cause.code : fault.code
  return `at byte ${fault.offset} it holds no checkpoint (${code}); what follows was not read`
}

async function readFrom(path: string, { offset }: TornRecord): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_TORN_BYTES), 0, MAX_TORN_BYTES, offset)
    return Uint8Array.from(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

// One checkpoint by itself is a record without the empty line that ends it. An editor or a mail may have ended its lines
// otherwise, or taken the last newline: what was signed is the same text, and the signature says whether it is.
function singleCheckpoint(bytes: Uint8Array): string | undefined {
  const text = (decodeUtf8(bytes) ?? '').replaceAll('\r\n', '\n')
  return [text, `${text}\n`, text.replace(/\n\n$/, '\n')].find(isCheckpoint)
}

function isCheckpoint(text: string): boolean {
  const note = parseNote(utf8(text))
  const body = 'code' in note ? note : parseCheckpointBody(note.text)
  return !('code' in body)
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'nothing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return 'nothing'
    throw unreadable(path, cause)
  }
}

function noSuchAnchor(path: string): LedgerError {
  return new LedgerError('not-found', {
    problem: `there is no anchor at ${path}`,
    cure: 'name a file with a checkpoint, a checkpoint log, or a folder that holds checkpoints.log',
  })
}

function unreadable(path: string, cause: unknown): LedgerError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new LedgerError('store-unavailable', { problem: `cannot read the anchor ${path}: ${said}`, cause })
}
