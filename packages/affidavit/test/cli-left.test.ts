import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { sqliteStore } from '../src/stores/sqlite/store.ts'
import { verifyProof } from '../src/verify/proof.ts'
import { type LeftLedger, letGo, makeLeftLedger } from './left-ledger.ts'
import { run } from './run-cli.ts'

let folder: string
let ledger: LeftLedger
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'affidavit-cli-left-'))
  ledger = await makeLeftLedger(folder)
  const store = sqliteStore(ledger.file, 'open')
  await letGo(store, ledger)
  await store.close()
})
after(() => rmSync(folder, { recursive: true, force: true }))

test('of a destroyed record prove proves its place', async () => {
  const out = join(folder, 'proof')
  const entry = join(folder, 'entry')
  const asked = ['prove', '4', '--ledger', ledger.home, '--as', 'kim', '--out', out]
  assert.match((await run([...asked, '--entry', entry])).err, /its bytes with it/)
  const proven = await run(asked)
  assert.deepEqual([proven.code, /proof of its place/i.test(proven.err)], [0, true])
  assert.ok(ledger.trust.kind === 'pinned')
  const { status } = verifyProof(readFileSync(out), ledger.entries[4]?.entry ?? assert.fail(), ledger.trust)
  assert.equal(status, 'valid')
})

test('of a destroyed record show, lineage and retention explain say when it was destroyed, and under which manifest', async () => {
  const toldWhen = new RegExp(`seq 4 was destroyed under .* the manifest ${ledger.manifest}, decided at .* seq 11`)
  for (const words of [['show'], ['lineage'], ['retention', 'explain']]) {
    const { code, err } = await run([...words, '4', '--ledger', ledger.home, '--as', 'kim'])
    assert.equal(code, 3)
    assert.match(err, toldWhen)
  }
})

test('an archived record without its archive is refused by its name, and verify says what it did not read', async () => {
  const shown = await run(['show', '2', '--ledger', ledger.home, '--as', 'kim'])
  assert.match(shown.err, /the record at seq 2 is archived in the segment (ab){16}/)
  const verified = await run(['verify', '--ledger', ledger.home, '--no-record'])
  assert.match(verified.out, /3 archived entries were not read: no archive was at hand/)
})
