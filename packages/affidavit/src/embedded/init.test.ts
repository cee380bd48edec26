import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { after, describe, test } from 'node:test'

import { inspectCheckpointLog, inspectLedger, type NaiveLedger } from '../../test/oracle/naive-ledger.ts'
import { verifyUnderItsKey } from '../../test/verify-home.ts'
import type { Draft } from '../formats/fields.ts'
import { parseVerifierKey } from '../formats/verifier-key.ts'
import { fileKeys } from '../keys/file.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { connectSqlite } from '../stores/sqlite/connect.ts'
import { localSqliteStore } from '../stores/sqlite/local-store.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { verifySqlite } from '../stores/sqlite/verify.ts'
import { localAnchor } from './anchors.ts'
import { databaseFile, keysFolder, readAnchor } from './folder.ts'
import { continueAfterRestore, initLedger } from './init.ts'
import { openFolder } from './open.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-init-'))
after(() => rmSync(root, { recursive: true, force: true }))

const ORIGIN = 'init.example/agents'
const DRAFT: Draft = {
  id: '0193f5a2-7c00-7abc-8def-000000000000',
  action: 'tool_invoked',
  actor_id: 'a',
  actor_type: 'agent',
}

let folders = 0
/** A folder in one of its own, for what is left beside it. */
function freshFolder(): string {
  const around = join(root, String(folders++))
  mkdirSync(around)
  return join(around, 'ledger')
}

/** What lies in a folder, byte by byte. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
  const paths = files.map((file) => join(file.parentPath, file.name)).sort()
  return Object.fromEntries(paths.map((path) => [relative(folder, path), readFileSync(path, 'base64')]))
}

// Without what SQLite keeps beside a database that is read.
function evidence(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(contents(folder)).filter(([name]) => !/-(?:wal|shm)$/.test(name)))
}

function detailsOf({ entries: [start] }: NaiveLedger): Record<string, unknown> {
  assert.equal(start?.members.get('action'), 'logging_started')
  return Object(start.members.get('details'))
}

/** Whole by the oracle, published, and valid under the key, with the checkpoint log as anchor. */
async function judge(
  folder: string,
  { origin, verifierKey }: { origin: string; verifierKey: string },
): Promise<NaiveLedger> {
  const ledger = inspectLedger(databaseFile(folder))
  assert.equal(ledger.origin, origin)
  const released = inspectCheckpointLog(join(readAnchor(folder).folder, 'checkpoints.log'), ledger)
  assert.equal(released.at(-1)?.size, ledger.entries.length)
  const key = parseVerifierKey(verifierKey)
  assert.ok(!('code' in key))
  const trust = { kind: 'pinned', keys: [key] } as const
  const report = await verifySqlite(databaseFile(folder), { trust, anchors: [await localAnchor(folder)], threads: 0 })
  assert.deepEqual([report.status, report.findings, report.subject.origin], ['valid', [], origin])
  return ledger
}

interface Made {
  readonly folder: string
  readonly origin: string
  readonly verifierKey: string
}

const template: Made = await (async () => {
  const folder = freshFolder()
  const made = await initLedger(folder, { origin: ORIGIN })
  await openAnd(folder, (ledger) => ledger.append(DRAFT))
  return { folder, ...made }
})()

/** A ledger with two records, closed. */
function madeLedger(): Made {
  const folder = freshFolder()
  cpSync(template.folder, folder, { recursive: true })
  return { ...template, folder }
}

async function openAnd<T>(folder: string, work: (ledger: Ledger) => Promise<T> | T): Promise<T> {
  const connect = () => connectSqlite(databaseFile(folder), 'open')
  const store = localSqliteStore({ connect, reopen: 'possible' })
  await using ledger = await openFolder(folder, { store, publish: { intervalMillis: 3_600_000 } })
  return await work(ledger)
}

describe('a new ledger', () => {
  test('is database, keys and checkpoint log; entry 0 names the keys that will sign', async () => {
    const folder = freshFolder()
    const made = await initLedger(folder, { origin: ORIGIN })
    assert.match(made.origin, /^init\.example\/agents\/[0-9a-f]{16}$/)
    const keys = ['checkpoint.key', 'digest.key', 'heartbeat.key'].map((name) => join('keys', name))
    const [kek = ''] = readdirSync(join(folder, 'keys', 'kek'))
    assert.deepEqual(Object.keys(contents(folder)), [
      join('checkpoints', 'checkpoints.log'),
      'keyring.db',
      ...keys,
      join('keys', 'kek', kek),
      'ledger.db',
    ])
    assert.equal(statSync(folder).mode & 0o777, 0o700)
    assert.deepEqual(readdirSync(dirname(folder)), ['ledger'])
    const ledger = await judge(folder, made)
    assert.equal(ledger.entries.length, 1)
    const { start, checkpoint_key, heartbeat_key } = detailsOf(ledger)
    assert.deepEqual([start, checkpoint_key], ['new', made.verifierKey])
    assert.ok(String(heartbeat_key).startsWith(`${made.origin}/heartbeat+`))
  })

  test('is never taken for another one of the same name', async () => {
    const [one, other] = [
      await initLedger(freshFolder(), { origin: ORIGIN }),
      await initLedger(freshFolder(), { origin: ORIGIN }),
    ]
    assert.notEqual(one.origin, other.origin)
    assert.notEqual(one.verifierKey.split('+')[1], other.verifierKey.split('+')[1])
  })

  for (const [name, origin] of [
    ['one letter', 'a'],
    ['letters of any language', 'clínica.example/ÄÖ/病院'],
    ['the longest, 200 bytes', 'é'.repeat(100)],
    ['a slash inside, and signs', 'https://clinic.example/a?b=c#d'],
  ] as const) {
    test(`may be called by ${name}`, async () => {
      const folder = freshFolder()
      const made = await initLedger(folder, { origin })
      assert.equal(made.origin.slice(0, -17), origin)
      await judge(folder, made)
    })
  }

  test('may be made in an empty folder, and where the folders above are not there yet', async () => {
    const empty = freshFolder()
    mkdirSync(empty)
    await judge(empty, await initLedger(empty, { origin: ORIGIN }))
    const deep = join(freshFolder(), 'as', 'deep')
    await judge(deep, await initLedger(deep, { origin: ORIGIN }))
  })

  test('keeps its checkpoint log where it is told, wherever it is opened from', async () => {
    const folder = freshFolder()
    const anchor = join(dirname(folder), 'another disk')
    const made = await initLedger(folder, { origin: ORIGIN, anchor: relative(process.cwd(), anchor) })
    assert.deepEqual(readAnchor(folder), { folder: anchor, kind: 'own directory' })
    assert.deepEqual(readdirSync(anchor), ['checkpoints.log'])
    assert.ok(!existsSync(join(folder, 'checkpoints')))
    await judge(folder, made)
    // The folder may move; the anchor stays where it is.
    const moved = `${folder} moved`
    renameSync(folder, moved)
    await openAnd(moved, (ledger) => ledger.append(DRAFT))
    await judge(moved, made)
  })
})

describe('no ledger is made', () => {
  test('while another process makes one there: one of them does', async () => {
    const folder = freshFolder()
    const made = await Promise.allSettled([1, 2, 3].map(() => initLedger(folder, { origin: ORIGIN })))
    const [winner, ...more] = made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    assert.ok(winner !== undefined && more.length === 0)
    for (const one of made) if (one.status === 'rejected') assert.equal(one.reason.code, 'ledger-exists')
    assert.deepEqual(readdirSync(dirname(folder)), ['ledger'])
    await judge(folder, winner)
  })

  test('where it cannot be put in its place: nothing is left, and a cure is named', async () => {
    const folder = freshFolder()
    mkdirSync(`${folder} far away`)
    symlinkSync(`${folder} far away`, folder)
    await assert.rejects(initLedger(folder, { origin: ORIGIN }), { code: 'store-unavailable', cure: /^name a folder/ })
    assert.deepEqual(readdirSync(dirname(folder)), ['ledger', 'ledger far away'])
    assert.deepEqual(readdirSync(folder), [])
  })

  test('where there is one: it is left alone, byte by byte', async () => {
    const { folder } = madeLedger()
    const before = contents(folder)
    await assert.rejects(initLedger(folder, { origin: ORIGIN }), { code: 'ledger-exists' })
    await assert.rejects(initLedger(folder, { origin: 'another.example' }), { code: 'ledger-exists' })
    assert.deepEqual(contents(folder), before)
  })

  for (const stranger of ['notes.txt', '.hidden', 'affidavit.json']) {
    test(`in a folder that holds something else, such as ${stranger}: it is named and left alone`, async () => {
      const folder = freshFolder()
      mkdirSync(folder)
      writeFileSync(join(folder, stranger), '{}')
      await assert.rejects(initLedger(folder, { origin: ORIGIN }), ({ code, message }: Error & { code: string }) => {
        assert.equal(code, 'not-a-ledger')
        return message.includes(stranger)
      })
      assert.deepEqual(readdirSync(folder), [stranger])
      assert.deepEqual(readdirSync(dirname(folder)), ['ledger'])
    })
  }

  test('with its keyring elsewhere: it is found there, and only there', async () => {
    const folder = freshFolder()
    const keyring = join(dirname(folder), 'keyring')
    const made = await initLedger(folder, { origin: ORIGIN, keyring })
    assert.deepEqual(readdirSync(keyring), ['keyring.db'])
    assert.deepEqual([existsSync(join(folder, 'keyring.db')), statSync(keyring).mode & 0o777], [false, 0o700])
    assert.equal(detailsOf(await judge(folder, made)).keyring, 'elsewhere')
    renameSync(keyring, `${keyring}.away`)
    await assert.rejects(openFolder(folder), { code: 'missing-key' })
    renameSync(`${keyring}.away`, keyring)
    await openAnd(folder, (ledger) => ledger.append(DRAFT))
    const other = join(dirname(folder), 'other')
    await assert.rejects(initLedger(other, { origin: ORIGIN, keyring }), { code: 'ledger-exists' })
    assert.equal(existsSync(other), false)
    await openAnd(folder, (ledger) => ledger.append(DRAFT))
  })

  test('two that would have one keyring at once: one has it, whole, and the other is refused', async () => {
    const [one, other] = [freshFolder(), freshFolder()]
    const keyring = join(dirname(one), 'keyring')
    const made = await Promise.allSettled([one, other].map((folder) => initLedger(folder, { origin: ORIGIN, keyring })))
    assert.deepEqual(made.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'made')).sort(), [
      'ledger-exists',
      'made',
    ])
    const winner = made[0]?.status === 'fulfilled' ? one : other
    await openAnd(winner, (ledger) => ledger.append(DRAFT))
    assert.equal(existsSync(winner === one ? other : one), false)
  })

  test('where its checkpoint log cannot be written: nothing is left', async () => {
    const folder = freshFolder()
    const anchor = join(dirname(folder), 'a file')
    writeFileSync(anchor, '')
    await assert.rejects(initLedger(folder, { origin: ORIGIN, anchor }), { code: 'store-unavailable' })
    assert.deepEqual(readdirSync(dirname(folder)), [basename(anchor)])
  })
})

/** The call as the child told it, without what chance has made. */
function nameOf(line: string): string {
  return String(JSON.parse(line))
    .replace(/\.new-.*/, '.new')
    .replace(/ [0-9a-f]{8}$/, ' previous')
}

/** Runs a child that makes or continues a ledger and dies at a call; answers the calls that it came to. */
function runChild(folder: string, work: 'init' | 'continue', at: number | 'never'): Promise<string[]> {
  const script = join(import.meta.dirname, '../../test/init-child.ts')
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, folder, work, String(at)], { timeout: 20_000 }, (error, stdout, stderr) => {
      const expected = at === 'never' ? undefined : 'SIGKILL'
      if ((error?.signal ?? undefined) !== expected || error?.killed) reject(new Error(`not as expected: ${stderr}`))
      else resolve(stdout.split('\n').slice(0, -1).map(nameOf))
    })
  })
}

describe('a crash while a ledger is made leaves none, or all of it', async () => {
  const calls = await runChild(freshFolder(), 'init', 'never')
  const changing = [...calls.entries()].filter(([, call]) => !call.startsWith('existsSync'))
  assert.equal(changing.length, 9)
  for (const [at, call] of changing) {
    test(`before ${call}`, async () => {
      const folder = freshFolder()
      await runChild(folder, 'init', at)
      // Beside its place, what was begun may be left; in its place stands nothing, or everything.
      const isThere = existsSync(folder)
      assert.equal(isThere, calls.slice(0, at).includes('renameSync ledger'))
      if (isThere) assert.equal(inspectLedger(databaseFile(folder)).entries.length, 1)
      else if (call === 'renameSync ledger') await judge(folder, await initLedger(folder, { origin: ORIGIN }))
    })
  }
})

describe('a ledger that came back from a backup', () => {
  test('continues under a new identity, and names the old one and its last checkpoint', async () => {
    const { folder, origin, verifierKey } = madeLedger()
    const before = inspectLedger(databaseFile(folder))
    const made = await continueAfterRestore(folder)
    assert.match(made.origin, /^init\.example\/agents\/[0-9a-f]{16}$/)
    assert.notEqual(made.origin, origin)
    assert.notEqual(made.verifierKey, verifierKey)
    const { start, previous_ledger, previous_checkpoint, checkpoint_key } = detailsOf(await judge(folder, made))
    assert.deepEqual([start, previous_ledger, checkpoint_key], ['after-restore', origin, made.verifierKey])
    assert.equal(previous_checkpoint, before.checkpoints.at(-1)?.note)
    // The old one is as it was, and valid under its own key.
    assert.deepEqual(
      inspectLedger(databaseFile(folder), origin).entries.map(({ hash }) => hash),
      before.entries.map(({ hash }) => hash),
    )
    const report = await verifyUnderItsKey(folder, verifierKey)
    assert.deepEqual([report.status, report.subject.origin], ['valid', origin])
  })

  test('puts on record what did not come back', async () => {
    const { folder } = madeLedger()
    const backup = `${folder}.backup`
    cpSync(databaseFile(folder), backup)
    const ledger = await openFolder(folder)
    await ledger.append({ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' })
    const lost = await ledger.publish()
    await ledger.close()
    cpSync(backup, databaseFile(folder))
    await assert.rejects(openFolder(folder), { code: 'rolled-back' })
    const made = await continueAfterRestore(folder)
    const { previous_checkpoint, lost_checkpoint } = detailsOf(inspectLedger(databaseFile(folder), made.origin))
    assert.equal(lost_checkpoint, lost.note)
    assert.notEqual(lost_checkpoint, previous_checkpoint)
  })

  test('has the newest heartbeat in the checkpoint that it names', async () => {
    const { folder, origin } = madeLedger()
    const store = sqliteStore(databaseFile(folder), 'open')
    const line = `— ${origin}/heartbeat AAAA`
    await store.keepCosignature(origin, 2, `${line}AAAA`)
    await store.keepCosignature(origin, 2, `${line}BBBB`)
    await store.close()
    await continueAfterRestore(folder)
    const { previous_checkpoint } = detailsOf(inspectLedger(databaseFile(folder)))
    assert.ok(String(previous_checkpoint).endsWith(`\n${line}BBBB\n`))
    assert.ok(!String(previous_checkpoint).includes(`${line}AAAA`))
  })

  test('has new keys; the old ones stand aside, whole', async () => {
    const { folder, origin, verifierKey } = madeLedger()
    const keys = keysFolder(folder)
    const old = Object.fromEntries(Object.entries(contents(keys)).filter(([name]) => !name.startsWith('kek')))
    const digest = await openAnd(folder, (ledger) => ledger.digest('a word'))
    const made = await continueAfterRestore(folder)
    const shelf = join('previous', verifierKey.split('+')[1] ?? '')
    const kept = contents(keys)
    for (const [name, text] of Object.entries(old)) {
      assert.equal(kept[join(shelf, name)], text)
      assert.notEqual(kept[name], text)
    }
    assert.equal(Object.keys(kept).length, 7)
    assert.equal((await fileKeys(join(keys, shelf), origin).checkpoint()).verifierKey.name, origin)
    assert.equal(await openAnd(folder, (ledger) => ledger.verifierKey()), made.verifierKey)
    assert.notEqual(await openAnd(folder, (ledger) => ledger.digest('a word')), digest)
  })

  test('takes the same drafts again: they are records of another ledger', async () => {
    const { folder } = madeLedger()
    const made = await continueAfterRestore(folder)
    const appended = await openAnd(folder, (ledger) => ledger.append(DRAFT))
    assert.deepEqual([appended.state, appended.seq], ['recorded', 1])
    await judge(folder, made)
  })

  test('can come back again: each incarnation names the one before', async () => {
    const { folder, origin } = madeLedger()
    const second = await continueAfterRestore(folder)
    const third = await continueAfterRestore(folder)
    assert.equal(detailsOf(inspectLedger(databaseFile(folder), second.origin)).previous_ledger, origin)
    assert.equal(detailsOf(await judge(folder, third)).previous_ledger, second.origin)
  })

  test('continues although its own keys are gone from their place', async () => {
    const { folder } = madeLedger()
    for (const name of ['checkpoint.key', 'digest.key', 'heartbeat.key']) rmSync(join(keysFolder(folder), name))
    await judge(folder, await continueAfterRestore(folder))
  })

  test('is refused where its keyring does not open, and left alone', async () => {
    for (const part of ['keyring.db', join('keys', 'kek')]) {
      const { folder } = madeLedger()
      rmSync(join(folder, part), { recursive: true })
      const before = evidence(folder)
      await assert.rejects(continueAfterRestore(folder), {
        code: part === 'keyring.db' ? 'missing-key' : 'key-unavailable',
      })
      assert.deepEqual(evidence(folder), before)
    }
  })

  test('is refused where it is none, or has nothing to continue from, and left alone', async () => {
    await assert.rejects(continueAfterRestore(freshFolder()), { code: 'not-a-ledger' })
    const folder = freshFolder()
    mkdirSync(folder)
    const store = sqliteStore(databaseFile(folder), 'create')
    await assert.rejects(continueAfterRestore(folder), { code: 'not-a-ledger' })
    await store.create(`${ORIGIN}/0123456789abcdef`)
    await assert.rejects(continueAfterRestore(folder), { code: 'not-found' })
    assert.deepEqual(await store.ledgers(), [`${ORIGIN}/0123456789abcdef`])
    await store.close()
  })
})

describe('a crash while a ledger is continued', async () => {
  const calls = await runChild(madeLedger().folder, 'continue', 'never')
  // The last look for the database is that of opening, when the new ledger is there and has no record.
  const last = calls.length - 1
  const points = [...calls.entries()].filter(([at, call]) => !call.startsWith('existsSync') || at === last)
  assert.equal(points.length, 9)
  const key = contents(keysFolder(template.folder))['checkpoint.key']
  for (const [at, call] of points) {
    test(`before ${call}: doing it again finishes it`, async () => {
      const { folder } = madeLedger()
      await runChild(folder, 'continue', at)
      const made = await continueAfterRestore(folder)
      const ledger = await judge(folder, made)
      assert.equal(ledger.entries.length, 1)
      const { start, previous_ledger, previous_checkpoint } = detailsOf(ledger)
      assert.deepEqual([start, previous_ledger], ['after-restore', template.origin])
      assert.equal(previous_checkpoint, inspectLedger(databaseFile(folder), template.origin).checkpoints.at(-1)?.note)
      const store = sqliteStore(databaseFile(folder), 'open')
      assert.deepEqual(await store.ledgers(), [template.origin, made.origin])
      await store.close()
      assert.ok(
        Object.entries(contents(keysFolder(folder))).some(
          ([name, text]) => name.startsWith('previous') && text === key,
        ),
      )
    })
  }

  test('before its first record: opening finishes it too', async () => {
    const { folder } = madeLedger()
    await runChild(folder, 'continue', last)
    const origin = await openAnd(folder, (ledger) => ledger.origin)
    assert.notEqual(origin, template.origin)
    const { start, previous_ledger, checkpoint_key } = detailsOf(inspectLedger(databaseFile(folder)))
    assert.deepEqual([start, previous_ledger], ['after-restore', template.origin])
    await judge(folder, { origin, verifierKey: String(checkpoint_key) })
  })
})
