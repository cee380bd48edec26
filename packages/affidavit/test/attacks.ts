// What an operator can do who has the database and the keys: found wherever an anchor outside his reach exists, and said to be
// unchecked where none does.

import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { externalAnchor, localAnchor } from '../src/embedded/anchors.ts'
import { keysFolder } from '../src/embedded/folder.ts'
import { openFolder } from '../src/embedded/open.ts'
import { placeOf } from '../src/embedded/place.ts'
import { openStore } from '../src/embedded/store.ts'
import { openLedger } from '../src/index.ts'
import { fileKeys } from '../src/keys/file.ts'
import type { LedgerKeys } from '../src/ledger/keys.ts'
import type { Entry } from '../src/verify/entries.ts'
import type { Report } from '../src/verify/report.ts'
import { appendMany, attackedLedger, codes, logFolder, QUIET, signerOf } from './attacked-ledger.ts'
import type { Backend } from './backend.ts'
import { heartbeatKey, logKey } from './signing.ts'

/** Made on a database, with every right on it. */
export interface Attacks {
  /** Removes the newest entries, and every checkpoint that covers them. */
  cutTail(home: string, from: number): Promise<void>
  /** One entry is changed, every later hash and link is made anew, and the real key signs the result. */
  rewriteEverything(
    home: string,
    origin: string,
    checkpointFolder: string,
    seq: number,
    change: (entry: Entry) => Entry,
  ): Promise<void>
  /** What is found where a ledger without entries is put beside another one. */
  readonly saysEmpty: readonly string[]
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

export function testAttacks(backend: Backend, attacks: Attacks): void {
  const { base, original, origin, kept, copy, verify, views } = attackedLedger(backend)

  describe('the end is cut, entries and checkpoints', () => {
    test('behind the auditor’s checkpoint: the checkpoint log shows it, and alone nothing does', async () => {
      const folder = await copy()
      await attacks.cutTail(folder, 8)
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
      const folder = await copy()
      await attacks.cutTail(folder, 4)
      rmSync(logFolder(folder), { recursive: true })
      const { alone, withLog, withKept } = await views(folder)
      assertUnseen(alone)
      assert.deepEqual([withLog.status, codes(withLog)], ['incomplete', ['anchor-record-missing']])
      assert.ok(withLog.not_checked.some((line) => line.startsWith('same directory: no checkpoint of this ledger')))
      assert.deepEqual([withKept.status, withKept.broken_at?.seq, codes(withKept)], ['tampered', 4, ['tail-cut']])
    })

    test('to nothing: an empty ledger where an anchor has seen entries is no empty ledger', async () => {
      const folder = await copy()
      await attacks.cutTail(folder, 0)
      const { alone, withLog, withKept } = await views(folder)
      assert.equal(alone.status, 'empty')
      assert.equal(withLog.status, 'tampered')
      assert.equal(withKept.status, 'tampered')
    })
  })

  describe('everything is rewritten with the real key', () => {
    const whitewash = (folder: string, to: string): Promise<void> =>
      attacks.rewriteEverything(folder, origin(), to, 3, (entry) => ({ ...entry, actor_id: 'somebody-else' }))

    test('the checkpoint log shows it', async () => {
      const folder = await copy()
      await whitewash(folder, join(base, 'elsewhere'))
      const { alone, withLog, withKept } = await views(folder)
      assertUnseen(alone)
      assert.equal(withLog.status, 'tampered')
      assert.ok(codes(withLog).includes('anchor-mismatch'))
      assert.equal(withLog.axes.anchor.verdict, 'contradicted')
      assert.deepEqual([withKept.status, codes(withKept)], ['tampered', ['anchor-mismatch']])
    })

    test('and the checkpoint log with it: unseen by the local anchor, which is said, and found with one kept checkpoint', async () => {
      const folder = await copy()
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
      await backend.copyWithoutRecords(original, folder)
      await forge(folder, origin())
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

  describe('an old copy is restored', () => {
    test('the checkpoint log shows what is missing; opening it is refused', async () => {
      const folder = await copy()
      await using ledger = await openLedger(folder, { publish: QUIET })
      await appendMany(ledger, 4)
      await ledger.close()
      await backend.bringBackRecords(folder, original)
      const { alone, withLog } = await views(folder)
      assertUnseen(alone)
      assert.deepEqual([withLog.status, withLog.broken_at?.seq, codes(withLog)], ['tampered', 11, ['tail-cut']])
      await assert.rejects(openLedger(folder), { code: 'rolled-back' })
    })

    test('and continued: the checkpoint log shows another history', async () => {
      const folder = await copy()
      const ledger = await openLedger(folder, { publish: QUIET })
      await appendMany(ledger, 4)
      await ledger.close()
      const log = await localAnchor(folder)
      const rolledBack = await copy()
      const again = await openLedger(rolledBack, { publish: QUIET })
      await appendMany(again, 6)
      await again.close()
      const report = await verify(rolledBack, [log])
      assert.deepEqual([report.status, report.broken_at?.seq, codes(report)], ['tampered', 11, ['anchor-mismatch']])
    })
  })

  describe('two auditors are shown two histories', () => {
    test('each is valid by itself, and the checkpoint of either shows the other', async () => {
      const [one, two] = [await copy(), await copy()]
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
      const folder = await copy()
      await forge(folder, 'attacked.example/log/ffffffffffffffff')
      const pinned = await verify(folder, [await localAnchor(folder)])
      assert.deepEqual([pinned.status, pinned.subject.origin, pinned.records_checked], ['valid', origin(), 11])
      assert.ok(
        pinned.not_checked.some((line) => line.startsWith('attacked.example/log/ffffffffffffffff: another ledger')),
      )
      const firstUse = await verify(folder, [], { kind: 'first use' })
      assert.notEqual(firstUse.subject.origin, origin())
      // It says to follow the real one, which is verified with it.
      assert.deepEqual(codes(firstUse), [])
      assert.ok(!firstUse.not_checked.some((line) => line.startsWith(`${origin()}: another ledger`)))
    })

    test('one without entries draws no eye away', async () => {
      const folder = await copy()
      const store = await openStore(placeOf(folder))
      await store.create('attacked.example/log/ffffffffffffffff')
      await store.close()
      const report = await verify(folder, [], { kind: 'first use' })
      assert.deepEqual([report.subject.origin, report.records_checked], [origin(), 11])
      assert.deepEqual(codes(report), attacks.saysEmpty)
    })
  })

  /** A whole ledger of the same identity by somebody who has not the key. */
  async function forge(folder: string, name: string): Promise<void> {
    const key = logKey(name)
    const heartbeat = heartbeatKey(name)
    const keys: LedgerKeys = {
      digestKey: fileKeys(keysFolder(folder), origin()).digestKey,
      heartbeat: signerOf(heartbeat),
      checkpoint: async () => signerOf(key),
      beginRotation: () => Promise.reject(new Error('not here')),
      pendingRotation: async () => undefined,
      finishRotation: () => Promise.reject(new Error('not here')),
    }
    const store = await openStore(placeOf(folder))
    await store.create(name)
    await using ledger = await openFolder(folder, { store, keys, publish: QUIET })
    await appendMany(ledger, 10)
  }
}
