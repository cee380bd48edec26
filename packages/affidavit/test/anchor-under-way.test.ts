// A checkpoint is committed, and then released: whoever reads the checkpoint log in between, and the ledger later, has not found
// a record that is missing (spec/verification.md V29).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { localAnchor } from '../src/embedded/anchors.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { verifyLedger } from '../src/embedded/verify-ledger.ts'
import type { Anchor } from '../src/verify/anchors.ts'
import { NOTE, QUIET } from './watched.ts'

const home = mkdtempSync(join(tmpdir(), 'affidavit-under-way-'))
after(() => rmSync(home, { recursive: true, force: true }))

const folder = join(home, 'ledger')
let log: Anchor
before(async () => {
  await initLedger(folder, { origin: 'clinic.example/agents' })
  await using ledger = await openFolder(folder, { publish: QUIET })
  for (let size = 0; size < 4; size++) {
    await ledger.append(NOTE)
    await ledger.publish()
  }
  log = await localAnchor(folder)
})

async function codesWith(local: Anchor, part: 'whole' | 'since'): Promise<readonly string[]> {
  const report = await verifyLedger(
    { home: folder },
    {
      part: part === 'whole' ? { kind: 'whole', indexes: 'compared' } : { kind: 'since', note: log.notes[0] ?? '' },
      trust: { kind: 'first use' },
      anchors: [],
      local: { ...local, readAt: Date.now() + 60_000 },
      content: 'listed',
      keys: 'used',
    },
  )
  return report.findings.map(({ code }) => code)
}

for (const part of ['whole', 'since'] as const) {
  test(`one that another process released late is not missing: ${part}`, async () => {
    const { readAgain: _, ...early } = { ...log, notes: log.notes.toSpliced(2, 1) }
    assert.deepEqual(await codesWith(early, part), ['anchor-record-missing'])
    assert.deepEqual(await codesWith({ ...early, readAgain: async () => early.notes }, part), ['anchor-record-missing'])
    assert.deepEqual(await codesWith({ ...log, notes: early.notes }, part), [])
  })

  test(`several that came behind the last one that was read are not missing: ${part}`, async () => {
    const early = { ...log, notes: log.notes.slice(0, 2) }
    const { readAgain: _, ...alone } = early
    assert.deepEqual(await codesWith(alone, part), ['anchor-record-missing'])
    assert.deepEqual(await codesWith(early, part), [])
  })
}
