import assert from 'node:assert/strict'
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { databaseFile, keysFolder } from '../embedded/folder.ts'
import { continueAfterRestore, initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import { createFileKeys } from '../keys/file.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-check-keys-'))
after(() => rmSync(root, { recursive: true, force: true }))

let folders = 0
async function freshLedger(): Promise<{ folder: string; origin: string }> {
  const folder = join(root, String(folders++))
  return { folder, ...(await initLedger(folder, { origin: 'keys.example/agents' })) }
}

const call = { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' } as const

async function openAndAppend(folder: string): Promise<number> {
  await using ledger = await openFolder(folder)
  return (await ledger.append(call)).seq
}

test('keys that a backup brought back from before a change are refused, and nothing is recorded or signed', async () => {
  const { folder } = await freshLedger()
  const backup = join(root, 'backup')
  cpSync(keysFolder(folder), backup, { recursive: true })
  const ledger = await openFolder(folder)
  await ledger.rotateKey()
  await ledger.close()
  const before = readFileSync(databaseFile(folder))
  cpSync(backup, keysFolder(folder), { recursive: true })
  await assert.rejects(openFolder(folder), { code: 'wrong-key', message: /checkpoint key/ })
  assert.deepEqual(readFileSync(databaseFile(folder)), before)
})

for (const file of ['digest.key', 'heartbeat.key'] as const) {
  test(`another ${file} of the same form is refused`, async () => {
    const { folder, origin } = await freshLedger()
    const other = join(root, `other-${file}`)
    createFileKeys(other, origin)
    copyFileSync(join(other, file), join(keysFolder(folder), file))
    await assert.rejects(openFolder(folder), { code: 'wrong-key', message: new RegExp(file.replace('.', ' ')) })
  })
}

test('the keys of the ledger are taken: new, after a change, after two, after a restore', async () => {
  const { folder } = await freshLedger()
  assert.equal(await openAndAppend(folder), 1)
  for (const seq of [3, 5]) {
    const ledger = await openFolder(folder)
    await ledger.rotateKey()
    await ledger.close()
    assert.equal(await openAndAppend(folder), seq)
  }
  await continueAfterRestore(folder)
  assert.equal(await openAndAppend(folder), 1)
})
