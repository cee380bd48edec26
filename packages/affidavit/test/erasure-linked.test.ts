// Content that was linked to a person later, under keys of others: an erasure reaches it, and what else lies under these keys
// stays (spec/erasure.md §6).

import assert from 'node:assert/strict'
import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { continueAfterRestore } from '../src/embedded/init.ts'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { openFolder } from '../src/embedded/open.ts'
import type { AuditRecord } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { ScopeKey } from '../src/vault/keyring.ts'
import {
  ADA,
  AGENT,
  allContents,
  approve,
  BEN,
  clinicToCopy,
  copyOf,
  type ErasureClinic,
  eraseAll,
  makeErasureClinic,
  open,
  planFor,
  QUIET,
  STORY,
  said,
  saidContents,
  tokenOf,
} from './erasure-clinic.ts'
import { ADAS, ALL, damage, LONGER, linkTo, opensNow, unlink, without } from './linked-clinic.ts'

const { home, copied } = clinicToCopy('erasure-linked', LONGER)

/** The keys that these persons have for the month of a record, where there is one. */
async function scopeKeysOf(
  { folder, origin }: ErasureClinic,
  { timestamp, retention_class }: AuditRecord,
  tokens: readonly string[],
): Promise<readonly (ScopeKey | undefined)[]> {
  const keyring = await openFolderKeyring(folder, origin, 'open')
  try {
    const month = timestamp.slice(0, 7)
    return await keyring.knownScopeKeys(
      tokens.map((owner) => ({ owner_kind: 'subject', owner, retention_class, month })),
    )
  } finally {
    await keyring.close()
  }
}

describe('linked later:', () => {
  test('what else lies under its keys stays, and the conversation goes on', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    await linkTo(ledger, 6)
    const plan = await planFor(ledger, clinic)
    assert.deepEqual([plan.records, plan.payloads, plan.bytes], [4, 4, 19 + 10 + 25 + 18])
    assert.deepEqual([plan.sample, plan.shared_count, plan.wrapped_anew], [[1, 3, 4, 6], 1, 2])
    assert.ok(plan.not_erased.some((sentence) => /^2 records have other content under the keys/.test(sentence)))
    const order = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
    const { certificate, standing } = await ledger.erasures.carryOut(order)
    assert.equal(standing.state, 'erased')
    assert.match(certificate, /"payloads":4,.*"records":4,.*2 records have other content/)
    assert.deepEqual(await opensNow(clinic), without(...ADAS, '6 message'))
    const { seq } = await ledger.append(said('The lift works.', { conversation_id: 'c-2' }))
    assert.equal((await saidContents(clinic))[`${seq} message`], 'The lift works.')
    // Done again it is the same, by another process too.
    await using other = await open(clinic)
    assert.match((await other.erasures.carryOut(order)).certificate, /"payloads":4,/)
    assert.deepEqual(await opensNow(clinic), without(...ADAS, '6 message'))
  })

  test('content about somebody else is lost for them, and the plan says so; their other content is theirs', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    await linkTo(ledger, 2)
    const plan = await planFor(ledger, clinic)
    assert.deepEqual(
      [plan.shared, plan.wrapped_anew],
      [
        [
          { seq: 2, name: 'message', other_subjects: 1 },
          { seq: 4, name: 'message', other_subjects: 1 },
        ],
        1,
      ],
    )
    await eraseAll(ledger, clinic)
    assert.deepEqual(await opensNow(clinic), without(...ADAS, '2 message'))
    await eraseAll(ledger, clinic, [BEN])
    assert.deepEqual(await opensNow(clinic), without(...ADAS, '2 message', '3 ben'))
  })

  test('of several payloads of a record, those that the link names', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    await linkTo(ledger, 9, [ADA], ['one'])
    const plan = await planFor(ledger, clinic)
    // Records with other content under the same keys: also the one that loses a content.
    assert.deepEqual([plan.records, plan.wrapped_anew], [4, 3])
    await eraseAll(ledger, clinic)
    assert.deepEqual(await opensNow(clinic), without(...ADAS, '9 one'))
  })

  test('under the keys of the ledger itself: the papers of the erasure open, and it is certified again', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      await linkTo(ledger, 10)
      await eraseAll(ledger, clinic)
    }
    assert.deepEqual(await opensNow(clinic), without(...ADAS, '10 message'))
    await using again = await open(clinic)
    const [standing] = await again.erasures.finish()
    assert.equal(standing?.state, 'erased')
    await linkTo(again, 11, [BEN])
    await eraseAll(again, clinic, [BEN])
    assert.deepEqual(await opensNow(clinic), without(...ADAS, '10 message', '11 message', '2 message', '3 ben'))
    assert.equal((await again.erasures.standing()).length, 2)
  })

  test('to a subject who is the same person by another link', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    await linkTo(ledger, 6, ['MRN 00777'])
    await ledger.append({
      action: 'subject_linked',
      actor_id: 'registrar',
      actor_type: 'user',
      subject_ids: [ADA, 'MRN 00777'],
      details: { reason: 'one person, registered twice' },
    })
    await eraseAll(ledger, clinic)
    assert.deepEqual(await opensNow(clinic), without(...ADAS, '6 message'))
  })

  test('and taken back: it stays', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    const link = await linkTo(ledger, 6)
    await unlink(ledger, link)
    const plan = await planFor(ledger, clinic)
    assert.deepEqual([plan.records, plan.wrapped_anew], [3, 0])
    await eraseAll(ledger, clinic)
    assert.deepEqual(await opensNow(clinic), without(...ADAS))
  })

  test('to two persons: the other one loses it, and the plan says so', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    await linkTo(ledger, 6, [ADA, BEN])
    await linkTo(ledger, 1, [BEN])
    const { shared } = await planFor(ledger, clinic)
    assert.deepEqual(
      shared.map(({ seq, other_subjects }) => [seq, other_subjects]),
      [
        [1, 1],
        [4, 1],
        [6, 1],
      ],
    )
  })

  test('a payload that several records name is lost to each of them, and each is counted', async () => {
    const clinic = await makeErasureClinic(join(home, 'equal'), [...LONGER, LONGER[5] ?? assert.fail()])
    await using ledger = await open(clinic)
    const blobs = await Promise.all([6, 12].map(async (seq) => (await ledger.at(seq))?.content?.[0]?.blob_id))
    assert.equal(blobs[0], blobs[1])
    await linkTo(ledger, 6)
    const plan = await planFor(ledger, clinic)
    assert.deepEqual([plan.records, plan.payloads, plan.sample], [5, 4, [1, 3, 4, 6, 12]])
    await eraseAll(ledger, clinic)
    const contents = await saidContents(clinic)
    assert.deepEqual([contents['6 message'], contents['12 message']], ['gone', 'gone'])
  })

  test('an equal body that comes later is sealed by itself, whether the first one is gone or was wrapped anew', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    await linkTo(ledger, 6)
    await eraseAll(ledger, clinic)
    for (const [seq, text] of [
      [6, 'The lift is stuck.'],
      [8, 'The lift moves.'],
    ] as const) {
      const first = await ledger.append(said(text, { conversation_id: 'c-2' }))
      const again = await ledger.append(said(text, { conversation_id: 'c-2' }))
      const [before, one, two] = await Promise.all(
        [seq, first.seq, again.seq].map(async (at) => (await ledger.at(at))?.content?.[0]?.blob_id),
      )
      assert.notEqual(one, before)
      assert.equal(two, one)
      assert.equal((await saidContents(clinic))[`${first.seq} message`], text)
    }
  })

  test('an erasure of the conversation, and of another link, reaches what was wrapped anew', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    await linkTo(ledger, 6)
    await eraseAll(ledger, clinic)
    await linkTo(ledger, 9, [BEN], ['two'])
    await eraseAll(ledger, clinic, [BEN])
    const gone = [...ADAS, '6 message', '9 two', '2 message', '3 ben'] as const
    assert.deepEqual(await opensNow(clinic), without(...gone))
    await eraseAll(ledger, clinic, [], ['c-2'])
    assert.deepEqual(await opensNow(clinic), without(...gone, '8 message', '9 one'))
  })

  for (const [name, seq] of [
    ['under a key of its own', 10],
    ['wrapped anew', 8],
  ] as const) {
    test(`to somebody of whom the keyring has nothing, and somebody else turns it over first: ${name}`, async () => {
      const clinic = await copied()
      const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
      const token = await tokenOf(clinic, ADA)
      let others = 0
      await using ledger = await openFolder(clinic.folder, {
        publish: QUIET,
        keyring: {
          ...keyring,
          async turnOverFrom(generation, leaving) {
            if (others-- > 0) await keyring.turnOver()
            return keyring.turnOverFrom(generation, leaving)
          },
        },
      })
      await linkTo(ledger, 6)
      await eraseAll(ledger, clinic)
      await linkTo(ledger, seq, [token])
      // As in a keyring that came back from a backup: only what was linked is left to be done.
      await keyring.turnOver([{ owner_kind: 'subject', owner: token }])
      others = 1
      await eraseAll(ledger, clinic, [token])
      assert.deepEqual(await opensNow(clinic), without(...ADAS, '6 message', `${seq} message`))
    })
  }

  test('a retry of a draft under keys that were replaced is no conflict', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    const id = '0193f5a2-7c00-7abc-8def-000000000001'
    const { timestamp } = (await ledger.at(6)) ?? assert.fail('no record')
    const draft = said('Once more.', { id, timestamp, conversation_id: 'c-2' })
    await ledger.append(draft)
    assert.equal((await ledger.append(draft)).state, 'duplicate')
    await linkTo(ledger, 6)
    await eraseAll(ledger, clinic)
    const { state, duplicate } = await ledger.append(draft)
    assert.deepEqual([state, duplicate], ['duplicate', 'not compared'])
    // Under other keys it can still be told.
    const other = { ...said('Elsewhere.', { id: id.replace(/1$/, '2'), timestamp, conversation_id: 'c-3' }) }
    await ledger.append(other)
    await assert.rejects(ledger.append({ ...other, outcome: 'failure' }), { code: 'id-conflict' })
  })

  for (const [how, erase] of [
    ['erased themselves', ['Eve']],
    ['linked to somebody later, who is erased', [ADA]],
  ] as const) {
    test(`content about one person in a record about another, ${how}: what the record commits to dies too`, async () => {
      const content = { media_type: 'text/plain', name: 'other', subject_ids: ['Eve'] }
      const body = 'She said no.'
      const draft = { ...AGENT, subject_ids: [BEN] }
      const clinic = await makeErasureClinic(join(home, how), [...STORY, { ...draft, content: [{ ...content, body }] }])
      const [bens, eves] = [await tokenOf(clinic, BEN), await tokenOf(clinic, 'Eve')]
      await using ledger = await open(clinic)
      const record = (await ledger.at(8)) ?? assert.fail('no record')
      const [ben, eve] = await scopeKeysOf(clinic, record, [bens, eves])
      const { action, actor_id, actor_type } = AGENT
      const sealed = { body_sha256: createHash('sha256').update(body).digest('hex'), ...content }
      const received = JSON.stringify({ action, actor_id, actor_type, content: [sealed], subject_ids: [BEN] })
      const commitmentUnder = (...keys: readonly (ScopeKey | undefined)[]): string => {
        const there = keys.map((key) => key ?? assert.fail('no key')).sort((a, b) => (a.id < b.id ? -1 : 1))
        const joined = Buffer.concat(there.map(({ key }) => key.export()))
        const derived = Buffer.from(hkdfSync('sha256', joined, '', `affidavit draft key v1\n${clinic.origin}`, 32))
        const message = `affidavit draft v1\n${clinic.origin}\n${record.id}\n${received}`
        return createHmac('sha256', derived).update(message).digest('hex')
      }
      assert.equal(commitmentUnder(ben, eve), record.draft_commitment)
      assert.notEqual(commitmentUnder(ben), record.draft_commitment)
      if (how !== 'erased themselves') await linkTo(ledger, 8, [ADA], ['other'])
      await eraseAll(ledger, clinic, erase)
      const contents = await saidContents(clinic)
      assert.deepEqual([contents['8 other'], contents['2 message']], ['gone', 'Ben has a cold.'])
      const [bensNow, evesNow] = await scopeKeysOf(clinic, record, [bens, eves])
      assert.deepEqual([bensNow?.id, evesNow?.id === eve?.id], [ben?.id, false])
    })
  }

  test('content of before a restore, under the same keys, stays', async () => {
    const clinic = await copied()
    const { origin } = await continueAfterRestore(clinic.folder)
    const next = { ...clinic, origin }
    {
      await using ledger = await open(next)
      const { seq } = await ledger.append(said('The lift again.', { conversation_id: 'c-2' }))
      await ledger.append(said('Ada is here.', { subject_ids: [ADA] }))
      await linkTo(ledger, seq)
      await eraseAll(ledger, next)
      assert.equal((await saidContents(next))[`${seq} message`], 'gone')
    }
    assert.deepEqual(await opensNow(clinic), without(...ADAS))
  })

  test('whoever records in the conversation meanwhile loses nothing', async () => {
    const clinic = await copied()
    const written = new Map<number, string>()
    {
      await using eraser = await open(clinic)
      await using other = await open(clinic)
      await linkTo(eraser, 6)
      let over = false
      const write = async (ledger: Ledger, name: string): Promise<void> => {
        for (let i = 0; !over || i < 30; i++) {
          const text = `${name} ${i}`
          written.set((await ledger.append(said(text, { conversation_id: 'c-2' }))).seq, text)
        }
      }
      const writers = [write(eraser, 'a'), write(other, 'b'), write(other, 'c')]
      await eraseAll(eraser, clinic).finally(() => {
        over = true
      })
      await Promise.all(writers)
    }
    const contents = await saidContents(clinic)
    for (const [seq, text] of written) assert.equal(contents[`${seq} message`], text)
    assert.equal(contents['6 message'], 'gone')
  })
})

describe('not carried out:', () => {
  test('where what was linked is under a compliance domain', async () => {
    const clinic = await makeErasureClinic(join(home, 'hipaa'), [
      ...STORY,
      said('The lift has a camera.', { conversation_id: 'c-2', compliance_domains: ['hipaa'] }),
    ])
    await using ledger = await open(clinic)
    await linkTo(ledger, 8)
    const plan = await planFor(ledger, clinic)
    assert.deepEqual(
      plan.refused.map(({ seq, because, policies }) => [seq, because, policies]),
      [[8, 'minimum_retention', ['hipaa', 'hipaa.audit_log']]],
    )
    await assert.rejects(eraseAll(ledger, clinic), { path: 'plan-is-refused' })
    assert.deepEqual(await ledger.erasures.standing(), [])
  })

  const SINCE: Readonly<Record<string, (ledger: Ledger, link: string) => Promise<unknown>>> = {
    'where something was linked since the plan': (ledger) => linkTo(ledger, 10),
    'where a link was taken back since the plan': (ledger, link) => unlink(ledger, link),
  }
  for (const [name, since] of Object.entries(SINCE)) {
    test(name, async () => {
      const clinic = await copied()
      await using ledger = await open(clinic)
      const link = await linkTo(ledger, 6)
      const plan = await planFor(ledger, clinic)
      await since(ledger, link)
      const order = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
      await assert.rejects(ledger.erasures.carryOut(order), { path: 'plan-is-outdated' })
      assert.deepEqual(await ledger.erasures.standing(), [])
      assert.deepEqual(await opensNow(clinic), ALL)
    })
  }
})

test('a linked payload whose content key is not the recorded one is gone all the same: in a backup of the database too', async () => {
  const clinic = await copied()
  {
    await using ledger = await open(clinic)
    await linkTo(ledger, 6)
  }
  const copy = await copyOf(clinic, home)
  await damage(copy, '6 message', 'altered')
  {
    await using ledger = await open(copy)
    const { standing } = await eraseAll(ledger, copy)
    assert.equal(standing.state, 'erased')
    assert.equal((await ledger.erasures.finish())[0]?.state, 'erased')
  }
  await (await open(copy)).close()
  const keyring = await openFolderKeyring(copy.folder, copy.origin, 'open')
  const contents = await allContents(clinic, keyring)
  await keyring.close()
  assert.deepEqual([contents['6 message'], contents['8 message']], ['gone', 'The lift moves.'])
})
