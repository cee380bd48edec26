import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

import { heartbeatKey, logKey, noteOf } from '../../test/signing.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import {
  CHECKPOINT_LOG,
  type CheckpointFile,
  checkpointFile,
  type LogFile,
  type OpenLogFile,
} from './checkpoint-file.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-checkpoint-file-'))
after(() => rmSync(root, { recursive: true, force: true }))

const OURS = 'clinic.example/agents/0123456789abcdef'
const THEIRS = 'clinic.example/agents/fedcba9876543210'

const signers = new Map([OURS, THEIRS].map((origin) => [origin, [logKey(origin), heartbeatKey(origin)]]))
const entries = Array.from({ length: 100 }, (_, i) => Buffer.from(`entry ${i}`))

function note(size: number, origin: string = OURS): string {
  return noteOf(origin, entries.slice(0, size), signers.get(origin) ?? [])
}

/** A log as spec/checkpoint.md §6 has it: each record is a note and an empty line. */
function logOf(...notes: readonly string[]): string {
  return notes.map((one) => `${one}\n`).join('')
}

let folders = 0
const freshFolder = (): string => join(root, String(folders++))

function logWith(bytes: string | Uint8Array): CheckpointFile {
  const folder = freshFolder()
  mkdirSync(folder)
  writeFileSync(join(folder, CHECKPOINT_LOG), bytes)
  return checkpointFile(folder)
}

const textOf = ({ path }: CheckpointFile): string => readFileSync(path, 'utf8')

test('what is appended is the log, in that order, in a folder that is made for it', async () => {
  const folder = join(freshFolder(), 'as', 'deep', 'as it is')
  const log = checkpointFile(folder)
  assert.deepEqual(await log.newest(OURS), [])
  for (const size of [1, 2, 3]) await log.append(note(size))
  assert.equal(log.path, join(folder, CHECKPOINT_LOG))
  assert.equal(textOf(log), logOf(note(1), note(2), note(3)))
  assert.deepEqual(readdirSync(folder), [CHECKPOINT_LOG])
})

test('the notes of several ledgers stand in one log, and each is given its own', async () => {
  const log = checkpointFile(freshFolder())
  const notes = [note(4), note(9, THEIRS), note(5), note(2, THEIRS)]
  for (const one of notes) await log.append(one)
  assert.deepEqual(await log.newest(OURS), [
    { size: 4, note: note(4) },
    { size: 5, note: note(5) },
  ])
  assert.deepEqual(
    (await log.newest(THEIRS)).map(({ size }) => size),
    [9, 2],
  )
  // The beginning of a name is another name.
  assert.deepEqual(await log.newest(OURS.slice(0, -1)), [])
})

test('many who append at once leave whole records, each once', async () => {
  const folder = freshFolder()
  const notes = Array.from({ length: 24 }, (_, i) => note(i + 1))
  await Promise.all(notes.map((one) => checkpointFile(folder).append(one)))
  const records = textOf(checkpointFile(folder)).match(/[^\n]+\n[^\n]+\n[^\n]+\n\n(— [^\n]+\n)+\n/g) ?? []
  assert.equal(records.join(''), textOf(checkpointFile(folder)))
  assert.deepEqual(records.map((record) => record.slice(0, -1)).sort(), notes.sort())
})

test('a last record that was cut, wherever, is cut off by the next one, and nothing else is', async () => {
  const whole = Buffer.from(logOf(note(1), note(2, THEIRS)))
  const last = Buffer.from(logOf(note(3)))
  for (let cut = 0; cut <= last.length; cut++) {
    const log = logWith(Buffer.concat([whole, last.subarray(0, cut)]))
    const isWhole = cut === last.length
    const sizes = (await log.newest(OURS)).map(({ size }) => size)
    assert.deepEqual(sizes, isWhole ? [1, 3] : [1], `cut at ${cut}`)
    await log.append(note(4))
    assert.equal(textOf(log), `${whole}${isWhole ? last : ''}${logOf(note(4))}`, `cut at ${cut}`)
  }
})

test('a first record that was cut is cut off too', async () => {
  const log = logWith(logOf(note(1)).slice(0, -5))
  await log.append(note(2))
  assert.equal(textOf(log), logOf(note(2)))
})

test('a record that is just being written is not taken for a torn one', async () => {
  const folder = freshFolder()
  const [half, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = checkpointFile(
    folder,
    filesThatWrite(async (file, bytes, offset, length) => {
      await file.write(bytes, offset, 100)
      half.resolve()
      await rest.promise
      await file.write(bytes, offset + 100, length - 100)
      return { bytesWritten: length }
    }),
  ).append(note(1))
  await half.promise
  let state: 'waiting' | 'written' = 'waiting'
  const other = checkpointFile(folder)
    .append(note(2))
    .then(() => {
      state = 'written'
    })
  for (let turns = 0; turns < 40; turns++) {
    await delay(1)
    assert.equal(state, 'waiting')
  }
  rest.resolve()
  await Promise.all([slow, other])
  assert.equal(textOf(checkpointFile(folder)), logOf(note(1), note(2)))
})

/** Files of the disk whose writes are made as `write` makes them. */
function filesThatWrite(
  write: (file: LogFile, ...of: Parameters<LogFile['write']>) => ReturnType<LogFile['write']>,
): OpenLogFile {
  return async (path, flags) => {
    const file = await open(path, flags)
    return {
      stat: () => file.stat(),
      read: (into, offset, length, position) => file.read(into, offset, length, position),
      write: (...of) => write(file, ...of),
      truncate: (length) => file.truncate(length),
      sync: () => file.sync(),
      close: () => file.close(),
    }
  }
}

test('a write that is cut short leaves the log as it was, and says so', async () => {
  const shortWrites = filesThatWrite((file, bytes, offset, length) => file.write(bytes, offset, length - 1))
  const folder = freshFolder()
  const log = checkpointFile(folder)
  await log.append(note(1))
  const refused = await refusalOf(checkpointFile(folder, shortWrites).append(note(2)))
  const length = Buffer.byteLength(logOf(note(2)))
  assert.ok(refused.problem.includes(`only ${length - 1} of ${length} bytes`), refused.message)
  assert.equal(textOf(log), logOf(note(1)))
  await log.append(note(3))
  assert.equal(textOf(log), logOf(note(1), note(3)))
})

test('a log that cannot be written is named, and the record is not lost', async () => {
  const folder = freshFolder()
  writeFileSync(folder, 'a file where a folder should be')
  const { blame, problem, cure, cause } = await refusalOf(checkpointFile(folder).append(note(1)))
  assert.equal(blame, 'world')
  assert.ok(problem.includes(join(folder, CHECKPOINT_LOG)))
  assert.match(String(cure), /the records are durable/)
  assert.ok(cause instanceof Error)
})

test('a log that cannot be read is named, whatever the reason', async () => {
  const [aFile, aFolder] = [freshFolder(), freshFolder()]
  writeFileSync(aFile, 'a file where a folder should be')
  mkdirSync(join(aFolder, CHECKPOINT_LOG), { recursive: true })
  for (const folder of [aFile, aFolder]) {
    await assert.rejects(checkpointFile(folder).newest(OURS), (error: unknown) => {
      assert.ok(error instanceof LedgerError, String(error))
      assert.ok(error.problem.includes(join(folder, CHECKPOINT_LOG)))
      return error.code === 'store-unavailable'
    })
  }
})

test('what is no checkpoint is not written', async () => {
  const log = checkpointFile(freshFolder())
  for (const one of ['', 'a word\n', note(1).slice(0, -1), note(1).replace('\n', '\n\n')]) {
    await assert.rejects(log.append(one), RangeError)
  }
  assert.deepEqual(await log.newest(OURS), [])
})

/** Longer than what is read of a log. */
const LONG = 300_000

test('of a long log the newest records are given, and it is appended to at its end', async () => {
  const notes = Array.from({ length: Math.ceil(LONG / note(1).length) }, (_, i) => note(1 + (i % 90)))
  const log = logWith(logOf(...notes))
  const newest = await log.newest(OURS)
  assert.ok(newest.length > 100 && newest.length < notes.length)
  assert.deepEqual(
    newest.map((one) => one.note),
    notes.slice(-newest.length),
  )
  await log.append(note(95))
  assert.equal(textOf(log), logOf(...notes, note(95)))
  assert.equal((await log.newest(OURS)).at(-1)?.size, 95)
})

test('a log whose end is damaged beyond what a crash does is kept as evidence', async () => {
  const damaged = logOf(note(1)) + 'x'.repeat(LONG)
  const log = logWith(damaged)
  const { problem } = await refusalOf(log.append(note(2)))
  assert.match(problem, /damaged; keep the file as evidence/)
  assert.equal(textOf(log), damaged)
})

test('records that are none stand in nobody’s way when the newest are read', async () => {
  const altered = note(2).replace('\n2\n', '\n02\n')
  const log = logWith(logOf(note(1), altered, note(3)))
  assert.deepEqual(
    (await log.newest(OURS)).map(({ size }) => size),
    [1, 3],
  )
})

async function refusalOf(appending: Promise<void>): Promise<LedgerError> {
  try {
    await appending
  } catch (error) {
    assert.ok(error instanceof LedgerError, String(error))
    assert.equal(error.code, 'not-published')
    return error
  }
  return assert.fail('it was appended')
}
