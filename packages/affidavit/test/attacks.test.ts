// What an operator can do who has the files and the keys: found wherever an anchor outside his reach exists, and said to
// be unchecked where none does.

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'

import { cutTail, rewriteEverything } from '../src/cli/demo/attacks.ts'
import { systemClock } from '../src/clock/clock.ts'
import { signEd25519 } from '../src/crypto/ed25519.ts'
import { externalAnchor, localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile, keysFolder } from '../src/embedded/folder.ts'
import { openFolder } from '../src/embedded/open.ts'
import { generateSignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '../src/formats/verifier-key.ts'
import { type Draft, type Ledger, openLedger } from '../src/index.ts'
import { fileKeys } from '../src/keys/file.ts'
import { checkpointFile } from '../src/ledger/checkpoint-file.ts'
import type { LedgerKeys, Signer } from '../src/ledger/keys.ts'
import { publishCheckpoint } from '../src/ledger/publish.ts'
import { emptyFrontier } from '../src/merkle/growth.ts'
import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import { plainAdmission } from '../src/testing/plain-admission.ts'
import type { Anchor } from '../src/verify/anchors.ts'
import type { Report } from '../src/verify/report.ts'
import type { Trust } from '../src/verify/trust.ts'
import { heartbeatKey, logKey, noteOf } from './signing.ts'

const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
const base = mkdtempSync(join(tmpdir(), 'affidavit-attacks-'))
const original = join(base, 'original')
after(() => rmSync(base, { recursive: true, force: true }))

let origin = ''
let trust: Trust & { readonly kind: 'pinned' }
/** What an auditor kept: the checkpoint of size 6. */
let keptNote = ''

// Entry 0, five drafts, a checkpoint of size 6; five more, a checkpoint of size 11.
before(async () => {
  await using ledger = await openLedger(original, { origin: 'attacked.example/log', publish: QUIET })
  origin = ledger.origin
  trust = { kind: 'pinned', keys: [keyOf(await ledger.verifierKey())] }
  await appendMany(ledger, 5)
  keptNote = (await ledger.publish()).note
  await appendMany(ledger, 5)
})

function draft(n: number): Draft {
  return { action: 'data_accessed', actor_id: 'agent', actor_type: 'agent', conversation_id: 'c', details: { n } }
}

async function appendMany(ledger: Ledger, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await ledger.append(draft(n))
}

function keyOf(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  assert.ok(!('code' in key))
  return key
}

let copies = 0
function copy(from: string = original): string {
  const folder = join(base, `copy-${copies++}`)
  cpSync(from, folder, { recursive: true })
  return folder
}

async function verify(folder: string, anchors: readonly Anchor[], pins: Trust = trust): Promise<Report> {
  return verifySqlite(databaseFile(folder), { trust: pins, anchors, threads: 0 })
}

/** As somebody with nothing but the database sees it; with the checkpoint log; with what an auditor kept. */
async function views(folder: string): Promise<{ alone: Report; withLog: Report; withKept: Report }> {
  return {
    alone: await verify(folder, []),
    withLog: await verify(folder, [await localAnchor(folder)]),
    withKept: await verify(folder, [await kept()]),
  }
}

let files = 0
function fileOf(text: string): string {
  const path = join(base, `kept-${files++}`)
  writeFileSync(path, text)
  return path
}

function kept(): Promise<Anchor> {
  return externalAnchor(fileOf(keptNote))
}

function codes({ findings }: Report): string[] {
  return [...new Set(findings.map(({ code }) => code))]
}

/** Undetected, and honest about it. */
function assertUnseen(report: Report): void {
  assert.deepEqual(codes(report), [])
  assert.equal(report.status, 'valid')
  const { anchor } = report.axes
  assert.ok(['none', 'local'].includes(anchor.verdict))
  assert.ok(
    report.not_checked.some((line) => line.startsWith('a rewrite of everything with the real key: no external')),
  )
}

function logFolder(folder: string): string {
  return join(folder, 'checkpoints')
}

describe('the end is cut, entries and checkpoints', () => {
  test('behind the auditor’s checkpoint: the checkpoint log shows it, and alone nothing does', async () => {
    const folder = copy()
    cutTail(folder, 8)
    const { alone, withLog, withKept } = await views(folder)
    assertUnseen(alone)
    assert.deepEqual([withLog.status, withLog.broken_at?.seq], ['tampered', 8])
    assert.deepEqual(codes(withLog), ['tail-cut'])
    assert.equal(withKept.status, 'valid')
    assert.match(withKept.axes.anchor.says, /until 6; the last 2 entries are unanchored$/)
    assert.ok(
      withKept.not_checked.includes(
        'a rewrite of the entries 6 to 7 with the real key: the external anchor ends before',
      ),
    )
  })

  test('below it: one kept checkpoint is enough', async () => {
    const folder = copy()
    cutTail(folder, 4)
    rmSync(logFolder(folder), { recursive: true })
    const { alone, withLog, withKept } = await views(folder)
    assertUnseen(alone)
    assert.deepEqual([withLog.status, codes(withLog)], ['incomplete', ['anchor-record-missing']])
    assert.ok(withLog.not_checked.some((line) => line.startsWith('same directory: no checkpoint of this ledger')))
    assert.deepEqual([withKept.status, withKept.broken_at?.seq, codes(withKept)], ['tampered', 4, ['tail-cut']])
  })

  test('to nothing: an empty ledger where an anchor has seen entries is no empty ledger', async () => {
    const folder = copy()
    cutTail(folder, 0)
    const { alone, withLog, withKept } = await views(folder)
    assert.equal(alone.status, 'empty')
    assert.equal(withLog.status, 'tampered')
    assert.equal(withKept.status, 'tampered')
  })
})

describe('everything is rewritten with the real key', () => {
  const whitewash = (folder: string, to: string): Promise<void> =>
    rewriteEverything(folder, origin, to, 3, (entry) => ({ ...entry, actor_id: 'somebody-else' }))

  test('the checkpoint log shows it', async () => {
    const folder = copy()
    await whitewash(folder, join(base, 'elsewhere'))
    const { alone, withLog, withKept } = await views(folder)
    assertUnseen(alone)
    assert.equal(withLog.status, 'tampered')
    assert.ok(codes(withLog).includes('anchor-mismatch'))
    assert.equal(withLog.axes.anchor.verdict, 'contradicted')
    assert.deepEqual([withKept.status, codes(withKept)], ['tampered', ['anchor-mismatch']])
  })

  test('and the checkpoint log with it: unseen by the local anchor, which is said, and found with one kept checkpoint', async () => {
    const folder = copy()
    await whitewash(folder, logFolder(folder))
    const { alone, withLog, withKept } = await views(folder)
    assertUnseen(alone)
    assertUnseen(withLog)
    assert.equal(withLog.axes.anchor.verdict, 'local')
    assert.deepEqual([withKept.status, withKept.broken_at?.seq], ['tampered', 0])
    assert.match(withKept.axes.anchor.says, /another history was signed: the log differs between seq 0 and 5$/)
  })
})

describe('everything is rewritten with another key', () => {
  test('a pinned key shows it, an anchor does, and without both “first use” is said', async () => {
    const folder = join(base, 'forged')
    await forge(folder, origin)
    const pinned = await verify(folder, [])
    assert.deepEqual([pinned.status, codes(pinned)], ['incomplete', ['no-trusted-signature']])
    const firstUse = await verify(folder, [], { kind: 'first use' })
    assert.equal(firstUse.axes.signer.verdict, 'first-use key')
    assert.ok(firstUse.not_checked.includes('the key: none was pinned (--vkey)'))
    const anchored = await verify(folder, [await localAnchor(original)], { kind: 'first use' })
    assert.equal(anchored.status, 'tampered')
    assert.ok(codes(anchored).includes('anchor-mismatch'))
  })
})

/** A whole ledger of the same identity by somebody who has not the key. */
async function forge(folder: string, name: string): Promise<void> {
  const key = logKey(name)
  const heartbeat = heartbeatKey(name)
  const keys: LedgerKeys = {
    digestKey: fileKeys(keysFolder(original), origin).digestKey,
    heartbeat: signerOf(heartbeat),
    checkpoint: async () => signerOf(key),
    beginRotation: () => Promise.reject(new Error('not here')),
    pendingRotation: async () => undefined,
    finishRotation: () => Promise.reject(new Error('not here')),
  }
  cpSync(join(original, 'keys'), join(folder, 'keys'), { recursive: true })
  cpSync(join(original, 'keyring.db'), join(folder, 'keyring.db'))
  const store = sqliteStore(databaseFile(folder), 'create')
  await store.create(name)
  await using ledger = await openFolder(folder, { store, keys, publish: QUIET })
  await appendMany(ledger, 10)
}

function signerOf(key: ReturnType<typeof logKey>): Signer {
  return { verifierKey: key.verifierKey, sign: async (message) => signEd25519(key.privateKey, message) }
}

describe('an old copy is restored', () => {
  test('the checkpoint log shows what is missing; opening it is refused', async () => {
    const folder = copy()
    await using ledger = await openLedger(folder, { publish: QUIET })
    await appendMany(ledger, 4)
    await ledger.close()
    cpSync(databaseFile(original), databaseFile(folder))
    for (const suffix of ['-wal', '-shm']) rmSync(`${databaseFile(folder)}${suffix}`, { force: true })
    const { alone, withLog } = await views(folder)
    assertUnseen(alone)
    assert.deepEqual([withLog.status, withLog.broken_at?.seq, codes(withLog)], ['tampered', 11, ['tail-cut']])
    await assert.rejects(openLedger(folder), { code: 'rolled-back' })
  })

  test('and continued: the checkpoint log shows another history', async () => {
    const folder = copy()
    const ledger = await openLedger(folder, { publish: QUIET })
    await appendMany(ledger, 4)
    await ledger.close()
    const log = await localAnchor(folder)
    const rolledBack = copy()
    const again = await openLedger(rolledBack, { publish: QUIET })
    await appendMany(again, 6)
    await again.close()
    const report = await verify(rolledBack, [log])
    assert.deepEqual([report.status, report.broken_at?.seq, codes(report)], ['tampered', 11, ['anchor-mismatch']])
  })
})

describe('two auditors are shown two histories', () => {
  test('each is valid by itself, and the checkpoint of either shows the other', async () => {
    const [one, two] = [copy(), copy()]
    for (const folder of [one, two]) {
      const ledger = await openLedger(folder, { publish: QUIET })
      await appendMany(ledger, 3)
      await ledger.close()
    }
    for (const [mine, theirs] of [
      [one, two],
      [two, one],
    ] as const) {
      const own = await verify(mine, [await localAnchor(mine), await kept()])
      assert.equal(own.status, 'valid')
      const compared = await verify(mine, [await externalAnchor(logFolder(theirs))])
      assert.deepEqual([compared.status, compared.broken_at?.seq], ['tampered', 11])
      assert.deepEqual(codes(compared), ['anchor-mismatch'])
      assert.equal(compared.axes.anchor.verdict, 'contradicted')
    }
  })
})

describe('another ledger is put into the database', () => {
  test('a pinned key leads to its own ledger all the same; without one, the other is verified along', async () => {
    const folder = copy()
    await forge(folder, 'attacked.example/log/ffffffffffffffff')
    const pinned = await verify(folder, [await localAnchor(folder)])
    assert.deepEqual([pinned.status, pinned.subject.origin, pinned.records_checked], ['valid', origin, 11])
    assert.ok(
      pinned.not_checked.some((line) => line.startsWith('attacked.example/log/ffffffffffffffff: another ledger')),
    )
    const firstUse = await verify(folder, [], { kind: 'first use' })
    assert.notEqual(firstUse.subject.origin, origin)
    // It says to follow the real one, which is verified with it.
    assert.deepEqual(codes(firstUse), [])
    assert.ok(!firstUse.not_checked.some((line) => line.startsWith(`${origin}: another ledger`)))
  })

  test('one without entries draws no eye away, and is found', async () => {
    const folder = copy()
    const store = sqliteStore(databaseFile(folder), 'open')
    await store.create('attacked.example/log/ffffffffffffffff')
    await store.close()
    const report = await verify(folder, [], { kind: 'first use' })
    assert.deepEqual([report.subject.origin, codes(report)], [origin, ['ledger-without-entries']])
  })
})

describe('anchors that are none', () => {
  test('of another ledger: nothing is attested, and that is found', async () => {
    const other = 'other.example/log/0'
    const note = noteOf(other, [Buffer.from('x')], [logKey(other)])
    const report = await verify(original, [await externalAnchor(fileOf(note))])
    assert.deepEqual([report.status, codes(report)], ['incomplete', ['anchor-silent']])
    assert.ok(report.not_checked.some((line) => line.includes('no checkpoint of this ledger')))
  })

  test('with a bad signature: it attests nothing, and the ledger is not accused', async () => {
    const forged = keptNote.replace('\n6\n', '\n7\n')
    const report = await verify(original, [await externalAnchor(fileOf(forged))])
    assert.deepEqual([report.status, codes(report)], ['incomplete', ['anchor-unreadable']])
  })

  test('damaged: the same', async () => {
    const report = await verify(original, [await externalAnchor(fileOf(`${keptNote}\n\nno note\n\n`))])
    assert.deepEqual([report.status, codes(report)], ['incomplete', ['anchor-unreadable']])
  })

  test('empty, cut off, or not there', async () => {
    assert.deepEqual((await externalAnchor(fileOf(''))).notes, [])
    assert.deepEqual((await externalAnchor(fileOf(keptNote.slice(0, 40)))).notes, [])
    await assert.rejects(externalAnchor(join(base, 'nowhere')), { code: 'not-found' })
    await assert.rejects(externalAnchor(join(original, 'keys')), { code: 'not-found' })
    const { readAt, ...nowhere } = await localAnchor(join(base, 'nowhere'))
    assert.ok(readAt !== undefined)
    assert.deepEqual(nowhere, {
      kind: 'local',
      where: 'same directory',
      notes: [],
      faults: [],
    })
  })

  test('one checkpoint, a checkpoint log, and a folder with one are read alike', async () => {
    const path = fileOf(`${keptNote}\n`)
    assert.deepEqual((await externalAnchor(path)).notes, [keptNote])
    assert.deepEqual((await kept()).notes, [keptNote])
    const { notes } = await externalAnchor(logFolder(original))
    assert.ok(notes.includes(keptNote))
    assert.deepEqual((await externalAnchor(join(logFolder(original), 'checkpoints.log'))).notes, notes)
  })
})

describe('keys change', () => {
  const folder = join(base, 'rotated')
  const pins: VerifierKey[] = []

  before(async () => {
    cpSync(original, folder, { recursive: true })
    await using ledger = await openLedger(folder, { publish: QUIET })
    pins.push(keyOf(await ledger.verifierKey()))
    for (let n = 0; n < 2; n++) {
      await appendMany(ledger, 2)
      await ledger.publish()
      pins.push(keyOf((await ledger.rotateKey()).verifierKey))
    }
    await appendMany(ledger, 1)
  })

  const pinnedTo = (...keys: (VerifierKey | undefined)[]): Trust => ({
    kind: 'pinned',
    keys: keys.filter((key) => key !== undefined),
  })

  test('the first, the second and the newest key each lead to the newest checkpoint', async () => {
    for (const key of pins) {
      const report = await verify(folder, [await localAnchor(folder)], pinnedTo(key))
      assert.deepEqual(codes(report), [])
      assert.match(report.axes.signer.says, /^pinned key .* until 18$/)
      assert.ok(report.axes.signer.says.includes(formatVerifierKey(pins[2] ?? key)))
      // What was pinned is named as such, not the key that it leads to.
      assert.ok(report.axes.signer.says.startsWith(`pinned key ${formatVerifierKey(key)}`))
    }
  })

  test('another ledger’s key, and a stranger’s under the same name, lead nowhere', async () => {
    for (const name of [origin, 'other.example/log/0']) {
      const stranger = generateSignerKey(name, 'ed25519').verifierKey
      const report = await verify(folder, [], pinnedTo(stranger))
      assert.deepEqual([report.status, codes(report)], ['incomplete', ['no-trusted-signature']])
      assert.equal(report.axes.signer.verdict, 'unsigned')
    }
  })

  test('a new key that is announced, but that only its owner has signed for, is not followed', async () => {
    const attacked = copy(folder)
    const [, , newest] = pins
    assert.ok(newest !== undefined)
    const forged = logKey(origin)
    await signAs(attacked, signerOf(forged), {
      action: 'key_rotated',
      actor_id: 'affidavit',
      actor_type: 'system',
      details: { old_key: formatVerifierKey(newest), new_key: formatVerifierKey(forged.verifierKey), attempt: 0 },
    })
    for (const key of pins) {
      const report = await verify(attacked, [], pinnedTo(key))
      assert.deepEqual([report.status, codes(report)], ['incomplete', ['key-not-in-force']])
      assert.match(report.axes.signer.says, /^contradicted: .*not in force/)
    }
  })

  test('a key that is not even announced was put there', async () => {
    const attacked = copy(folder)
    await signAs(attacked, signerOf(logKey(origin)), draft(7))
    const report = await verify(attacked, [], pinnedTo(pins[0]))
    assert.equal(report.status, 'tampered')
    assert.ok(codes(report).includes('foreign-signature'))
  })

  test('a retired key that signs on proves nothing', async () => {
    const attacked = copy(folder)
    const retired = await fileKeys(keysFolder(original), origin).checkpoint()
    await signAs(attacked, retired, draft(7))
    for (const key of pins) {
      const report = await verify(attacked, [], pinnedTo(key))
      assert.deepEqual([report.status, codes(report)], ['incomplete', ['key-not-in-force']], formatVerifierKey(key))
    }
  })

  /** Records a draft and publishes a checkpoint of it that `signer` signs, with the ledger's own heartbeat key. */
  async function signAs(attacked: string, signer: Signer, recorded: Draft): Promise<void> {
    const keys: LedgerKeys = { ...fileKeys(keysFolder(attacked), origin), checkpoint: async () => signer }
    const { admitOwn } = plainAdmission({ ledger: origin, clock: systemClock })
    const store = sqliteStore(databaseFile(attacked), 'open')
    try {
      const batch = { ledger: origin, drafts: [admitOwn(recorded)], at: Date.now(), patienceMillis: 5_000 }
      await store.commit(batch)
      const outside = checkpointFile(join(attacked, 'elsewhere'))
      await publishCheckpoint({ store, ledger: origin, keys, outside }, { frontier: emptyFrontier }, Date.now())
    } finally {
      await store.close()
    }
  }
})
