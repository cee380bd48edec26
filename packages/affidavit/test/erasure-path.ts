// An erasure from the plan to the certificate, in a real ledger with a real keyring (spec/erasure.md §4, §6).

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { openFolder } from '../src/embedded/open.ts'
import { checkCertificate, openCertificate } from '../src/erasure/certificate.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { AuditRecord } from '../src/formats/fields.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { keyringOwners } from '../src/ledger/erasure-reach.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { EntryFilter } from '../src/ledger/store.ts'
import { approvalDigest } from '../src/papers/approval.ts'
import type { Backend } from './backend.ts'
import {
  ADA,
  AGENT,
  approve,
  BEN,
  clinicToCopy,
  eraseAll,
  makeErasureClinic,
  open,
  planFor,
  QUIET,
  SAID,
  STORY,
  said,
  saidContents,
  tokenOf,
  verified,
} from './erasure-clinic.ts'

export function testErasurePath(backend: Backend): void {
  const { home, copied } = clinicToCopy('erasure-path', STORY, backend)

  test('what is about a person opens no more, what is about others opens, and the log says why', async () => {
    const clinic = await copied()
    const token = await tokenOf(clinic, ADA)
    {
      await using ledger = await open(clinic)
      const plan = await planFor(ledger, clinic)
      assert.deepEqual([plan.records, plan.payloads, plan.bytes], [3, 3, 19 + 10 + 25])
      assert.deepEqual([plan.sample, plan.shared], [[1, 3, 4], [{ seq: 4, name: 'message', other_subjects: 1 }]])
      assert.deepEqual([plan.subjects, plan.refused_count, plan.wrapped_anew], [[token], 0, 0])
      assert.deepEqual(await saidContents(clinic), SAID)
      const approval = approve(clinic, plan)
      const done = await ledger.erasures.carryOut({ plan, approval, policy: clinic.policy, person: 'dr.lee' })
      assert.equal(done.standing.state, 'erased')
      const key = parseVerifierKey(await ledger.verifierKey())
      assert.ok(!('code' in key))
      const opened = openCertificate(Buffer.from(done.certificate), [key])
      assert.ok(!('code' in opened), JSON.stringify(opened))
      assert.equal(checkCertificate(opened.certificate, plan, approval), undefined)
      const { state, payloads, bytes, destroyed_key_versions, retired_key_versions, approval_sha256 } =
        opened.certificate
      assert.deepEqual(
        [state, payloads, bytes, approval_sha256],
        ['erased', 3, 54, approvalDigest('erasure', approval)],
      )
      assert.deepEqual([destroyed_key_versions.length, retired_key_versions], [1, []])
      // Who was meant nobody finds any more; the records are there.
      assert.deepEqual(await found(ledger, { subject_id: ADA }), [])
      assert.equal((await found(ledger, { subject_id: token })).length, 4)
      assert.equal((await found(ledger, { subject_id: BEN })).length, 3)
      const [decided, outcome] = await found(ledger, { action: 'content_erased' })
      assert.deepEqual([decided?.details?.phase, outcome?.details?.phase], ['decided', 'erased'])
      assert.match(String(decided?.on_behalf_of), /^tok_/)
    }
    assert.deepEqual(await saidContents(clinic), { ...SAID, '1 message': 'gone', '3 ada': 'gone', '4 message': 'gone' })
    const report = await verified(clinic)
    assert.deepEqual([report.status, report.findings], ['valid', []])
    assert.match(report.axes.content.says, /3 unavailable: erased under the record at seq 9$/)
  })

  test('a conversation is erased with what is about nobody in it, and its persons keep theirs', async () => {
    const clinic = await copied()
    {
      await using ledger = await open(clinic)
      const plan = await planFor(ledger, clinic, [], ['c-1'])
      assert.deepEqual([plan.records, plan.sample, plan.shared_count], [1, [5], 0])
      await eraseAll(ledger, clinic, [], ['c-1'])
      // The conversation goes on, under keys of its own.
      await ledger.append(said('The printer works.', { conversation_id: 'c-1' }))
    }
    assert.deepEqual(await saidContents(clinic), { ...SAID, '5 message': 'gone', '10 message': 'The printer works.' })
    const report = await verified(clinic)
    assert.deepEqual([report.status, report.findings], ['valid', []])
    assert.match(report.axes.content.says, /1 unavailable: erased under the record at seq 9$/)
  })

  test('whoever is recorded after an erasure is a new person to the ledger', async () => {
    const clinic = await copied()
    const token = await tokenOf(clinic, ADA)
    await using ledger = await open(clinic)
    await eraseAll(ledger, clinic)
    const { seq } = await ledger.append(said('Ada is back.', { subject_ids: [ADA] }))
    assert.notDeepEqual((await ledger.at(seq))?.subject_ids, [token])
    assert.deepEqual(
      (await found(ledger, { subject_id: ADA })).map((record) => record.seq),
      [seq],
    )
    assert.equal((await saidContents(clinic))[`${seq} message`], 'Ada is back.')
  })

  test('what was recorded between plan and decision goes too, and is counted', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    const plan = await planFor(ledger, clinic)
    const { seq } = await ledger.append(said('Ada was late.', { subject_ids: [ADA] }))
    const { certificate } = await ledger.erasures.carryOut({
      plan,
      approval: approve(clinic, plan),
      policy: clinic.policy,
      person: 'dr.lee',
    })
    assert.equal((await saidContents(clinic))[`${seq} message`], 'gone')
    assert.match(certificate, /"payloads":4,/)
  })

  test('every subject that links say is the same person is erased with them', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    await ledger.append({
      action: 'subject_linked',
      actor_id: 'registrar',
      actor_type: 'user',
      subject_ids: [ADA, BEN],
      details: { reason: 'one person, registered twice' },
    })
    const plan = await planFor(ledger, clinic, [BEN])
    assert.deepEqual([plan.subjects.length, plan.records, plan.shared_count], [2, 4, 0])
  })

  test('carried out again, an erasure is certified again and recorded once', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    const plan = await planFor(ledger, clinic)
    const order = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
    const first = await ledger.erasures.carryOut(order)
    const { size } = await ledger.health()
    const again = await ledger.erasures.carryOut(order)
    assert.deepEqual(again.standing, first.standing)
    assert.equal((await ledger.health()).size, size)
    assert.deepEqual(await ledger.erasures.finish(), [first.standing])
  })

  test('an erasure with a copy that nothing was said about is erasing, until something is', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    const asked = { subjects: [ADA], conversations: [], basis: 'gdpr_17', reason: 'request', person: 'dr.lee' }
    const copies = [
      { kind: 'backup', where: 'keys/kek, safe 1', state: 'known' },
      { kind: 'backup', where: 'keyring, safe 2', state: 'known' },
    ] as const
    const plan = await ledger.erasures.plan({ ...asked, policy: clinic.policy, copies })
    const order = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
    assert.equal((await ledger.erasures.carryOut(order)).standing.state, 'erasing')
    assert.equal((await ledger.erasures.finish())[0]?.state, 'erasing')
    await assert.rejects(ledger.erasures.tellCopies([{ kind: 'backup', where: 'safe 9', state: 'reached' }]), {
      code: 'not-found',
    })
    const [one] = await ledger.erasures.tellCopies([{ ...copies[0], state: 'reached' }])
    assert.deepEqual([one?.state, one?.copies.map(({ state }) => state)], ['erasing', ['reached', 'known']])
    const [two] = await ledger.erasures.tellCopies([{ ...copies[1], state: 'not-reached' }])
    assert.deepEqual([two?.state, two?.copies.map(({ state }) => state)], ['erased', ['reached', 'not-reached']])
    assert.match((await ledger.erasures.carryOut(order)).certificate, /"state":"erased"/)
  })

  test('what a conversation has since its keys went stays, whatever is still to be done about the erasure', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    const copies = [{ kind: 'export', where: 'counsel', state: 'known' }] as const
    const asked = { subjects: [], conversations: ['c-1'], basis: 'gdpr_17', reason: 'request', person: 'dr.lee' }
    const plan = await ledger.erasures.plan({ ...asked, policy: clinic.policy, copies })
    const order = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
    await ledger.erasures.carryOut(order)
    const { seq } = await ledger.append(said('It goes on.', { conversation_id: 'c-1' }))
    await ledger.erasures.finish()
    await ledger.erasures.carryOut(order)
    // Another process knows nothing of how it went.
    await using other = await open(clinic)
    await other.erasures.finish()
    await other.erasures.tellCopies([{ ...copies[0], state: 'reached' }])
    assert.equal((await other.erasures.standing())[0]?.state, 'erased')
    const contents = await saidContents(clinic)
    assert.deepEqual([contents['5 message'], contents[`${seq} message`]], ['gone', 'It goes on.'])
    await other.publish()
    const report = await verified(clinic)
    assert.deepEqual([report.status, report.findings], ['valid', []])
  })

  test('a key that cannot be destroyed now stands, is said to, keeps nobody from writing, and is destroyed later', async () => {
    const clinic = await copied()
    const keyring = await openFolderKeyring(clinic.folder, clinic.origin, 'open')
    let isReachable = false
    const unreachable: typeof keyring = {
      ...keyring,
      async destroyRetired() {
        if (isReachable) return keyring.destroyRetired()
        throw new LedgerError('key-unavailable', { problem: 'the key service does not answer' })
      },
    }
    await using ledger = await openFolder(clinic.folder, { publish: QUIET, keyring: unreachable })
    const { standing, certificate } = await eraseAll(ledger, clinic)
    assert.deepEqual([standing.state, standing.retired_key_versions.length], ['erasing', 1])
    assert.match(certificate, /"retired_key_versions":\["[^"]+"\],.*"state":"erasing"/)
    await ledger.append(said('Ada is back.', { subject_ids: [ADA] }))
    assert.equal((await ledger.erasures.finish())[0]?.state, 'erasing')
    isReachable = true
    const [over] = await ledger.erasures.finish()
    assert.deepEqual([over?.state, over?.retired_key_versions], ['erased', []])
  })

  test('a payload that several records name is one, and each of them is counted', async () => {
    const clinic = await makeErasureClinic(join(home, 'twice'), [...STORY.slice(0, 1), ...STORY.slice(0, 1)], backend)
    await using ledger = await open(clinic)
    const { records, payloads, bytes } = await planFor(ledger, clinic)
    assert.deepEqual([records, payloads, bytes], [2, 1, 19])
  })

  test('a ledger that is closed while it erases is closed when that is done', async () => {
    const clinic = await copied()
    const ledger = await open(clinic)
    const plan = await planFor(ledger, clinic)
    const order = { plan, approval: approve(clinic, plan), policy: clinic.policy, person: 'dr.lee' }
    const erased = ledger.erasures.carryOut(order)
    await ledger.close()
    assert.equal((await erased).standing.state, 'erased')
  })

  test('a conversation that stands as a token is erased with the id behind it', () => {
    const token = `tok_${'c'.repeat(32)}`
    assert.deepEqual(keyringOwners({ subjects: [], conversations: ['c-1', token] }), [
      { owner_kind: 'subject', owner: token },
      { owner_kind: 'conversation', owner: 'c-1' },
      { owner_kind: 'conversation', owner: token },
    ])
  })

  describe('not planned:', () => {
    const WRONG = {
      'by somebody without the role': [{ person: 'ray' }, /planner-not-allowed/],
      'by an approver': [{ person: 'kim' }, /planner-not-allowed/],
      'about an id that nobody has': [{ subjects: ['Nobody'] }, /stands in no record/],
      'about a conversation that nobody had': [{ conversations: ['c-9'] }, /stands in no record/],
      'about nobody': [{ subjects: [] }, /cannot stand in a plan/],
      'under a rule that is no word': [{ basis: 'GDPR 17' }, /cannot stand in a plan/],
      'with a copy twice': [{ copies: [COPY(), COPY()] }, /cannot stand in a plan/],
    } as const
    for (const [name, [more, says]] of Object.entries(WRONG)) {
      test(name, async () => {
        const clinic = await copied()
        await using ledger = await open(clinic)
        const asked = { subjects: [ADA], conversations: [], basis: 'gdpr_17', reason: 'request', person: 'dr.lee' }
        const request = { ...asked, policy: clinic.policy, copies: [], ...more }
        await assert.rejects(ledger.erasures.plan(request), says)
      })
    }
  })

  test('not planned: by one of everybody else, of whom nobody could say that it is not the approver', async () => {
    const clinic = await copied()
    await using ledger = await open(clinic)
    const asked = { subjects: [ADA], conversations: [], basis: 'gdpr_17', reason: 'request', person: 'somebody' }
    const policy = { ...clinic.policy, everybody_else: ['privacy_officer'] as const }
    await assert.rejects(ledger.erasures.plan({ ...asked, policy, copies: [] }), { path: 'planner-not-named' })
  })

  test('records without content die without a trace but their tokens', async () => {
    const clinic = await makeErasureClinic(join(home, 'bare'), [{ ...AGENT, subject_ids: [ADA] }], backend)
    await using ledger = await open(clinic)
    const { standing } = await eraseAll(ledger, clinic)
    assert.equal(standing.state, 'erased')
    assert.deepEqual(await found(ledger, { subject_id: ADA }), [])
  })

  test('a retry behind an erasure is no conflict: nobody can say any more whether it is the same draft', async () => {
    const clinic = await copied()
    const id = '0193f5a2-7c00-7abc-8def-000000000001'
    const draft = said('Once more.', { id, timestamp: '2026-11-21T09:30:00.000Z', conversation_id: 'c-9' })
    await using ledger = await open(clinic)
    await ledger.append(draft)
    await eraseAll(ledger, clinic, [], ['c-9'])
    const { state, duplicate } = await ledger.append({ ...draft, outcome: 'failure' })
    assert.deepEqual([state, duplicate], ['duplicate', 'not compared'])
  })
}

async function found(ledger: Ledger, filter: EntryFilter): Promise<AuditRecord[]> {
  const records: AuditRecord[] = []
  for await (const record of ledger.search(filter)) records.push(record)
  return records
}

function COPY() {
  return { kind: 'backup', where: 'safe 2', state: 'known' } as const
}
