// Attacks on a ledger in files, and anchors that are none.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { cutTail, rewriteEverything } from '../src/cli/demo/attacks.ts'
import { externalAnchor, localAnchor } from '../src/embedded/anchors.ts'
import { attackedLedger, codes, logFolder } from './attacked-ledger.ts'
import { testAttacks } from './attacks.ts'
import { testAttacksOnKeys } from './attacks-on-keys.ts'
import { files } from './backend.ts'
import { logKey, noteOf } from './signing.ts'

testAttacks(files, {
  cutTail: async (home, from) => cutTail(home, from),
  rewriteEverything,
  saysEmpty: ['ledger-without-entries'],
})
testAttacksOnKeys(files)

describe('anchors that are none', () => {
  const { base, original, keptNote, kept, fileOf, verify } = attackedLedger(files)

  test('of another ledger: nothing is attested, and that is found', async () => {
    const other = 'other.example/log/0'
    const note = noteOf(other, [Buffer.from('x')], [logKey(other)])
    const report = await verify(original, [await externalAnchor(fileOf(note))])
    assert.deepEqual([report.status, codes(report)], ['incomplete', ['anchor-silent']])
    assert.ok(report.not_checked.some((line) => line.includes('no checkpoint of this ledger')))
  })

  test('with a bad signature: it attests nothing, and the ledger is not accused', async () => {
    const forged = keptNote().replace('\n6\n', '\n7\n')
    const report = await verify(original, [await externalAnchor(fileOf(forged))])
    assert.deepEqual([report.status, codes(report)], ['incomplete', ['anchor-unreadable']])
  })

  test('damaged: the same', async () => {
    const report = await verify(original, [await externalAnchor(fileOf(`${keptNote()}\n\nno note\n\n`))])
    assert.deepEqual([report.status, codes(report)], ['incomplete', ['anchor-unreadable']])
  })

  test('empty, cut off, or not there', async () => {
    assert.deepEqual((await externalAnchor(fileOf(''))).notes, [])
    assert.deepEqual((await externalAnchor(fileOf(keptNote().slice(0, 40)))).notes, [])
    await assert.rejects(externalAnchor(join(base, 'nowhere')), { code: 'not-found' })
    await assert.rejects(externalAnchor(join(original, 'keys')), { code: 'not-found' })
    const { readAt, readAgain, ...nowhere } = await localAnchor(join(base, 'nowhere'))
    assert.ok(readAt !== undefined)
    assert.deepEqual(await readAgain?.(), [])
    assert.deepEqual(nowhere, {
      kind: 'local',
      where: 'same directory',
      notes: [],
      faults: [],
    })
  })

  test('one checkpoint, a checkpoint log, and a folder with one are read alike', async () => {
    const path = fileOf(`${keptNote()}\n`)
    assert.deepEqual((await externalAnchor(path)).notes, [keptNote()])
    assert.deepEqual((await kept()).notes, [keptNote()])
    const { notes } = await externalAnchor(logFolder(original))
    assert.ok(notes.includes(keptNote()))
    assert.deepEqual((await externalAnchor(join(logFolder(original), 'checkpoints.log'))).notes, notes)
  })
})
