// What verification says where content was erased that was linked to a person later (spec/verification.md §7).

import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { localAnchor } from '../src/embedded/anchors.ts'
import { contentOpener } from '../src/embedded/check-content.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { continueAfterRestore } from '../src/embedded/init.ts'
import { openKeyringToRead } from '../src/embedded/read-keyring.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { verifySqliteConversation } from '../src/stores/sqlite/verify-conversation.ts'
import type { Keyring } from '../src/vault/keyring.ts'
import type { Report } from '../src/verify/report.ts'
import {
  ADA,
  clinicToCopy,
  copyOf,
  type ErasureClinic,
  eraseAll,
  makeErasureClinic,
  open,
  said,
  saidContents,
  tokenOf,
  verified,
} from './erasure-clinic.ts'
import { LONGER, linkTo, unlink } from './linked-clinic.ts'
import { tampered } from './manipulate.ts'

const { home, copied } = clinicToCopy('erasure-verified', LONGER)

describe('erased by a link:', () => {
  test('what was linked is counted as erased, and what was wrapped anew opens and is what it was', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      await linkTo(ledger, 6)
      await eraseAll(ledger, clinic)
      await ledger.append(said('The lift works.', { conversation_id: 'c-2' }))
    }
    const report = await verified(clinic)
    assert.deepEqual([report.status, report.findings], ['valid', []])
    assert.match(report.axes.content.says, /4 unavailable: erased under the record at seq 14$/)
    const one = await verifiedConversation(clinic, 'c-2')
    assert.deepEqual([one.status, one.findings], ['valid', []])
    assert.match(one.axes.content.says, /4 opened .*; 1 unavailable: erased under the record at seq 14$/)
  })

  test('a payload that several records name is erased at each of them', async () => {
    const clinic = await makeErasureClinic(join(home, 'equal-verified'), [...LONGER, LONGER[5] ?? assert.fail()])
    {
      await using ledger = await open(clinic)
      await linkTo(ledger, 6)
      await eraseAll(ledger, clinic)
    }
    assert.deepEqual((await verified(clinic)).findings, [])
  })

  test('a link of one payload, or one before its record, does not erase another', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      const id = '0193f5a2-7c00-7abc-8def-000000000009'
      await linkTo(ledger, 9, [ADA], ['one'])
      const details = { reason: 'it comes too early' }
      const by = { actor_id: 'registrar', actor_type: 'user' } as const
      await ledger.append({ ...by, action: 'content_linked', parent_id: id, subject_ids: [ADA], details })
      await ledger.append(said('The lift works.', { id, conversation_id: 'c-2' }))
      await eraseAll(ledger, clinic)
    }
    const report = await verified(clinic)
    assert.deepEqual([report.status, report.findings], ['valid', []])
    assert.match(report.axes.content.says, /; 4 unavailable/)
  })

  test('a link of before a restore is none of the ledger that follows', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      await linkTo(ledger, 6)
    }
    const { origin, verifierKey } = await continueAfterRestore(clinic.folder)
    const next = { ...clinic, origin, verifierKey }
    {
      await using ledger = await open(next)
      await ledger.append(said('Ada is here.', { subject_ids: [ADA] }))
      await eraseAll(ledger, next)
    }
    assert.equal((await saidContents(clinic))['6 message'], 'The lift is stuck.')
    const { findings } = await verified(next)
    assert.deepEqual(
      findings.filter(({ axis }) => axis === 'content'),
      [],
    )
  })

  test('a link that came after the erasure, or was taken back before, erases nothing', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      const token = await tokenOf(clinic, ADA)
      const link = await linkTo(ledger, 8)
      await unlink(ledger, link)
      await eraseAll(ledger, clinic)
      await linkTo(ledger, 6, [token])
    }
    const report = await verified(clinic)
    assert.deepEqual([report.status, report.findings], ['valid', []])
    assert.match(report.axes.content.says, /; 3 unavailable/)
  })

  test('what was linked, erased, and opens all the same is found', async () => {
    const clinic = await copied()
    const old = await copyOf(clinic, home)
    {
      await using ledger = await open(clinic)
      await linkTo(ledger, 6)
      await eraseAll(ledger, clinic)
    }
    // Keyring and key come back together, as from a backup that nobody listed.
    for (const name of ['keyring.db', 'keyring.db-wal', 'keyring.db-shm', 'keys/kek'])
      rmSync(join(clinic.folder, name), { recursive: true, force: true })
    for (const name of ['keyring.db', 'keys/kek'])
      cpSync(join(old.folder, name), join(clinic.folder, name), { recursive: true })
    const { findings } = await verified(clinic)
    assert.deepEqual(
      findings.filter(({ code }) => code === 'erased-content-opens').map(({ seq }) => seq),
      [1, 3, 4, 6],
    )
  })

  test('a row of what was wrapped anew that is damaged keeps its own content closed, and no other', async () => {
    const clinic = await copied()
    let damaged = ''
    {
      await using ledger = await open(clinic)
      await linkTo(ledger, 6)
      await eraseAll(ledger, clinic)
      damaged = (await ledger.at(8))?.content?.[0]?.blob_id ?? assert.fail('no content')
    }
    const { findings } = await verifiedConversation(clinic, 'c-2', (keyring) => ({
      ...keyring,
      async wrappedAnew(ledger, blob_ids) {
        if (blob_ids.includes(damaged)) throw new LedgerError('store-corrupt', { problem: 'not what was sealed' })
        return keyring.wrappedAnew(ledger, blob_ids)
      },
    }))
    assert.deepEqual(
      findings.map(({ code, seq }) => [code, seq]),
      [['content-unavailable', 8]],
    )
    assert.match(findings[0]?.problem ?? '', /its key in the keyring is damaged$/)
  })

  test('in one conversation, the link that erases content of it is proven too', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      await linkTo(ledger, 6)
      await eraseAll(ledger, clinic)
    }
    const copy = await copyOf(clinic, home)
    tampered(databaseFile(clinic.folder), databaseFile(copy.folder), ({ rows, run }) => {
      const [row] = rows("SELECT seq, entry FROM entries WHERE action = 'content_linked'")
      const text = Buffer.from(row?.entry instanceof Uint8Array ? row.entry : assert.fail('no entry')).toString('utf8')
      run('UPDATE entries SET entry = ? WHERE seq = ?', Buffer.from(text.replace('she was', 'he was_')), row?.seq ?? 0)
    })
    const { findings } = await verifiedConversation(copy, 'c-2')
    assert.deepEqual(
      findings.map(({ code, seq }) => [code, seq]),
      [['entry-altered', 12]],
    )
  })
})

async function verifiedConversation(
  { folder, verifierKey }: ErasureClinic,
  conversation_id: string,
  change: (keyring: Keyring) => Keyring = (keyring) => keyring,
): Promise<Report> {
  const key = parseVerifierKey(verifierKey)
  assert.ok(!('code' in key))
  return verifySqliteConversation(databaseFile(folder), {
    conversation_id,
    trust: { kind: 'pinned', keys: [key] },
    anchors: [await localAnchor(folder)],
    openContent: contentOpener(async (ledger) => change(await openKeyringToRead(folder, ledger))),
  })
}
