import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'

import { inspectLedger } from '../../test/oracle/naive-ledger.ts'
import { heartbeatKey, logKey, noteOf } from '../../test/signing.ts'
import type { ErrorCode } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { openLedger } from '../index.ts'
import { checkpointFile } from '../ledger/checkpoint-file.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { verifySqlite } from '../stores/sqlite/verify.ts'
import { localAnchor } from './anchors.ts'
import { databaseFile, keysFolder } from './folder.ts'
import { initLedger } from './init.ts'
import { openFolder } from './open.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-open-'))
after(() => rmSync(root, { recursive: true, force: true }))

const QUIET = { publish: { intervalMillis: 3_600_000, heartbeatMillis: 3_600_000_000 } }
const call = (actor_id: string): Draft => ({ action: 'tool_invoked', actor_id, actor_type: 'agent' })

let folders = 0
const freshFolder = (): string => join(root, String(folders++))

const template = freshFolder()
const { origin } = await initLedger(template, { origin: 'open.example/agents' })

/** A ledger of one record, closed. */
function madeLedger(): string {
  return copyOf(template)
}

function copyOf(original: string): string {
  const folder = freshFolder()
  cpSync(original, folder, { recursive: true })
  return folder
}

/** Appends so many records, and publishes them by closing. */
async function append(folder: string, count: number, actor: string = 'agent-1'): Promise<void> {
  await using ledger = await openFolder(folder, QUIET)
  await ledger.appendMany(Array.from({ length: count }, () => call(actor)))
}

/** What lies in a folder, byte by byte, but for what SQLite keeps beside an open database. */
function contents(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {}
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
  const paths = files.map((file) => join(file.parentPath, file.name)).filter((path) => !/-(wal|shm)$/.test(path))
  return Object.fromEntries(paths.sort().map((path) => [relative(folder, path), readFileSync(path, 'base64')]))
}

/** Opening is refused, nothing is changed by it, and nothing is left that stands in the way of opening later. */
async function assertRefused(folder: string, code: ErrorCode, says: RegExp = /./): Promise<void> {
  const before = contents(folder)
  await assert.rejects(openFolder(folder, QUIET), ({ code: found, message }: Error & { code: string }) => {
    assert.equal(found, code)
    assert.match(message, says)
    return true
  })
  assert.deepEqual(contents(folder), before)
}

test('what is opened is the ledger, and it goes on where it ended', async () => {
  const folder = madeLedger()
  await append(folder, 3)
  await using ledger = await openFolder(folder, QUIET)
  assert.equal(ledger.origin, origin)
  assert.equal((await ledger.append(call('agent-1'))).seq, 4)
  assert.equal((await ledger.health()).room, 10_000)
})

test('several that open a new ledger at once open the same one', async () => {
  const folder = freshFolder()
  const opened = await Promise.all([1, 2, 3].map(() => openLedger(folder, { origin: 'open.example/agents', ...QUIET })))
  assert.equal(new Set(opened.map((ledger) => ledger.origin)).size, 1)
  const appended = await Promise.all(opened.map((ledger) => ledger.append(call('agent-1'))))
  assert.deepEqual(appended.map(({ seq }) => seq).sort(), [1, 2, 3])
  for (const ledger of opened) await ledger.close()
  assert.equal(inspectLedger(databaseFile(folder)).entries.length, 4)
})

test('a ledger is not opened as if its checkpoint log were kept in another folder', async () => {
  const [folder, anchor] = [freshFolder(), freshFolder()]
  const options = { origin: 'open.example/agents', ...QUIET }
  await (await openLedger(folder, { ...options, anchor })).close()
  await (await openLedger(folder, { ...options, anchor })).close()
  for (const other of [freshFolder(), join(folder, 'checkpoints')]) {
    await assert.rejects(openLedger(folder, { ...options, anchor: other }), { code: 'invalid-query', path: 'anchor' })
    assert.ok(!existsSync(other))
  }
  await assert.rejects(openLedger(madeLedger(), { anchor }), { code: 'invalid-query', path: 'anchor' })
})

test('an anchor folder is the same by whatever path it is named', async () => {
  const [folder, anchor, link] = [freshFolder(), freshFolder(), freshFolder()]
  const options = { origin: 'open.example/agents', ...QUIET }
  await (await openLedger(folder, { ...options, anchor })).close()
  symlinkSync(anchor, link)
  await (await openLedger(folder, { ...options, anchor: link })).close()
})

test('naming an anchor does not hide what is wrong with the folder', async () => {
  const [folder, anchor] = [freshFolder(), freshFolder()]
  await assert.rejects(openLedger(folder, { anchor }), { code: 'not-a-ledger' })
  await (await openLedger(folder, { origin: 'open.example/agents', ...QUIET, anchor })).close()
  rmSync(join(folder, 'affidavit.json'))
  await assert.rejects(openLedger(folder, { anchor }), { code: 'missing-anchor' })
})

test('a folder that holds something else is not taken for a new ledger’s place', async () => {
  const folder = freshFolder()
  mkdirSync(folder)
  writeFileSync(join(folder, 'notes.txt'), '')
  await assert.rejects(openLedger(folder, { origin: 'open.example/agents' }), { code: 'not-a-ledger' })
  await assert.rejects(openLedger(folder, { origin: 'no name' }), { code: 'invalid-origin' })
})

describe('not a ledger', () => {
  test('a folder that is not there, or is empty: and none is made', async () => {
    const folder = freshFolder()
    await assertRefused(folder, 'not-a-ledger', /holds no ledger \(create one with affidavit init/)
    assert.ok(!existsSync(folder))
    mkdirSync(folder)
    await assertRefused(folder, 'not-a-ledger', /holds no ledger \(create one with affidavit init/)
  })

  test('a database of something else', async () => {
    const folder = freshFolder()
    mkdirSync(folder)
    const db = new DatabaseSync(databaseFile(folder))
    db.exec('CREATE TABLE notes (note TEXT) STRICT')
    db.close()
    await assertRefused(folder, 'not-a-ledger', /not a ledger/)
  })

  test('a file that is no database', async () => {
    const folder = freshFolder()
    mkdirSync(folder)
    writeFileSync(databaseFile(folder), 'a word, and another one, and so on'.repeat(1_000))
    await assertRefused(folder, 'not-a-ledger', /no SQLite database/)
  })

  test('a database that holds no ledger yet', async () => {
    const folder = freshFolder()
    mkdirSync(folder)
    await sqliteStore(databaseFile(folder), 'create').close()
    await assertRefused(folder, 'not-a-ledger', /affidavit init/)
  })

  for (const settings of [
    '',
    '{',
    '[]',
    'null',
    '{"anchr": "/a"}',
    '{"anchor": 7}',
    '{"keyring": 7}',
    '{"key_wrapper": {"kind": "usb"}}',
    '{"key_wrapper": {"kind": "pkcs11"}}',
    '{"anchor": "/a", "anchor": "/b"}',
  ]) {
    test(`settings that are none: ${settings}`, async () => {
      const folder = madeLedger()
      writeFileSync(join(folder, 'affidavit.json'), settings)
      await assertRefused(folder, 'not-a-ledger', /affidavit\.json is no settings file/)
    })
  }
})

describe('keys', () => {
  for (const file of ['checkpoint.key', 'heartbeat.key', 'digest.key']) {
    test(`without ${file} nothing is opened, and with it put back all is`, async () => {
      const folder = madeLedger()
      const path = join(keysFolder(folder), file)
      rmSync(path)
      await assertRefused(folder, 'missing-key', new RegExp(file))
      cpSync(join(keysFolder(template), file), path)
      await append(folder, 1)
    })
  }

  test('of another ledger are refused', async () => {
    const [folder, other] = [madeLedger(), freshFolder()]
    await initLedger(other, { origin: 'open.example/agents' })
    cpSync(keysFolder(other), keysFolder(folder), { recursive: true })
    await assertRefused(folder, 'wrong-key', /belongs to open\.example\/agents/)
  })
})

describe('rolled back', () => {
  for (const lost of [1, 4]) {
    test(`a database that lost ${lost} of the records that were published`, async () => {
      const folder = madeLedger()
      await append(folder, 2)
      const backup = copyOf(folder)
      await append(folder, lost)
      cpSync(databaseFile(backup), databaseFile(folder))
      await assertRefused(
        folder,
        'rolled-back',
        new RegExp(`holds 3 entries, but .*checkpoints\\.log knows of ${3 + lost}`),
      )
    })
  }

  test('also where the key was changed meanwhile', async () => {
    const folder = madeLedger()
    const backup = copyOf(folder)
    await rotateKey(folder)
    cpSync(databaseFile(backup), databaseFile(folder))
    await assertRefused(folder, 'rolled-back')
  })

  test('also where a key came back that was replaced before: the heartbeat key has signed as well', async () => {
    const folder = madeLedger()
    await rotateKey(folder)
    const backup = copyOf(folder)
    await append(folder, 1)
    cpSync(databaseFile(backup), databaseFile(folder))
    cpSync(join(keysFolder(template), 'checkpoint.key'), join(keysFolder(folder), 'checkpoint.key'))
    await assertRefused(folder, 'rolled-back')
  })

  async function rotateKey(folder: string): Promise<void> {
    await using ledger = await openFolder(folder, QUIET)
    await ledger.rotateKey()
  }

  test('not a database that lost nothing that was published: a backup may come back', async () => {
    const folder = madeLedger()
    await append(folder, 2)
    const backup = copyOf(folder)
    cpSync(databaseFile(backup), databaseFile(folder))
    await append(folder, 1)
    assert.equal(inspectLedger(databaseFile(folder)).entries.length, 4)
  })
})

describe('forked', () => {
  for (const more of [2, 3]) {
    test(`a database that went another way, ${more} records where 2 were published`, async () => {
      const [folder, elsewhere] = [madeLedger(), madeLedger()]
      await append(folder, 2)
      await append(elsewhere, more, 'agent-2')
      cpSync(databaseFile(elsewhere), databaseFile(folder))
      await assertRefused(folder, 'forked', /another history than the checkpoint of size 3/)
    })
  }
})

describe('what stands in a checkpoint log', () => {
  test('by another ledger, or signed by a stranger, refuses nothing', async () => {
    const folder = madeLedger()
    const entries = Array.from({ length: 50 }, (_, i) => Buffer.from(`entry ${i}`))
    const log = checkpointFile(join(folder, 'checkpoints'))
    for (const name of [origin, 'other.example/agents/0123456789abcdef']) {
      await log.append(noteOf(name, entries, [logKey(name), heartbeatKey(name)]))
    }
    await append(folder, 1)
    assert.equal(inspectLedger(databaseFile(folder)).entries.length, 2)
  })

  test('and is lost is written anew: every checkpoint that the database has', async () => {
    const folder = madeLedger()
    for (let times = 0; times < 3; times++) await append(folder, 2)
    const log = checkpointFile(join(folder, 'checkpoints'))
    const before = readFileSync(log.path, 'utf8')
    rmSync(log.path)
    await append(folder, 0)
    assert.equal(readFileSync(log.path, 'utf8'), before)
  })
})

test('without the settings that say where the checkpoint log is, nothing is begun anew in its place', async () => {
  const folder = freshFolder()
  await initLedger(folder, { origin: 'open.example/agents', anchor: `${folder}.anchor` })
  await append(folder, 3)
  const settings = readFileSync(join(folder, 'affidavit.json'))
  rmSync(join(folder, 'affidavit.json'))
  await assertRefused(folder, 'missing-anchor', /kept elsewhere/)
  const anchors = [await localAnchor(folder)]
  const { status, findings } = await verifySqlite(databaseFile(folder), {
    trust: { kind: 'first use' },
    anchors,
    threads: 0,
  })
  assert.equal(status, 'incomplete')
  assert.ok(findings.every(({ code }) => code === 'anchor-record-missing'))
  // Also where somebody has put a copy of the log in that place.
  cpSync(`${folder}.anchor`, join(folder, 'checkpoints'), { recursive: true })
  const copied = await verifySqlite(databaseFile(folder), {
    trust: { kind: 'first use' },
    anchors: [await localAnchor(folder)],
    threads: 0,
  })
  assert.deepEqual(
    copied.findings.map(({ code }) => code),
    ['anchor-record-missing'],
  )
  writeFileSync(join(folder, 'affidavit.json'), settings)
  await append(folder, 1)
})
