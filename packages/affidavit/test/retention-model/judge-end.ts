// The end of a history: every content that was neither erased nor destroyed opens, everything destroyed is certified, and it verifies.

import assert from 'node:assert/strict'

import { createArchiveReader } from '../../src/archive/reader.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { checkCertificate, openCertificate } from '../../src/disposition/certificate.ts'
import { planDigest } from '../../src/disposition/plan.ts'
import { localAnchor } from '../../src/embedded/anchors.ts'
import { openFolderKeyring } from '../../src/embedded/keyring.ts'
import { storedArchive } from '../../src/embedded/stored-archive.ts'
import { parseVerifierKey } from '../../src/formats/verifier-key.ts'
import { openContent, wholeBody } from '../../src/ledger/open-content.ts'
import { memoryObjectStore } from '../../src/testing/memory-object-store.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import { verifyHome } from '../verify-home.ts'
import { finish } from './destroying.ts'
import { judgePlan } from './judge-step.ts'
import { type Paper, standing } from './paper.ts'
import { reopen, type World } from './world.ts'

export async function judgeEnd(paper: Paper, world: World): Promise<void> {
  await reopen(world, paper)
  await finish().run(paper, world)
  await judgePlan(paper, world)
  await judgeCertificates(paper, world)
  const { origin } = world.ledger
  const keyring = await openFolderKeyring(world.folder, origin, 'open')
  try {
    await judgeContents(paper, world, keyring)
    await world.ledger.close()
    await judgeVerdict(world, origin, keyring)
  } finally {
    await keyring.close()
  }
}

async function judgeContents(paper: Paper, { ledger }: World, keyring: Keyring): Promise<void> {
  const { archival, origin } = ledger
  for (const { seq, text, isErased } of standing(paper)) {
    const record = (await ledger.at(seq)) ?? assert.fail(`seq ${seq} is there`)
    const [reference = assert.fail('it has content')] = record.content ?? []
    const opened = await openContent({ store: archival.store, ledger: origin, keyring }, record, reference)
    const found = opened.state === 'opened' ? Buffer.from(await wholeBody(opened.body)).toString('utf8') : 'erased'
    assert.equal(found, isErased ? 'erased' : text, `the content of seq ${seq}`)
  }
}

/** One for every plan under which something went, and for no other. */
async function judgeCertificates(paper: Paper, { ledger, pending, verifierKey }: World): Promise<void> {
  const key = parseVerifierKey(verifierKey)
  assert.ok(!('code' in key))
  const { dispositions } = ledger
  const done = new Set(
    (await dispositions.standing()).flatMap(({ state, plan_sha256 }) =>
      state === 'disposed' || state === 'disposing' ? [plan_sha256] : [],
    ),
  )
  const certified = new Set<number>()
  for (const { order, seqs } of pending) {
    if (!done.has(planDigest(order.plan))) continue
    const read = openCertificate(utf8(await dispositions.certificate(planDigest(order.plan))), [key])
    assert.ok(!('code' in read), JSON.stringify(read))
    assert.equal(checkCertificate(read.certificate, order.plan), undefined)
    for (const seq of seqs) certified.add(seq)
  }
  for (const { seq, fate } of paper.records)
    assert.equal(certified.has(seq), fate === 'destroyed', `certificate of seq ${seq}`)
}

async function judgeVerdict(
  { folder, verifierKey, kim, kept, clock }: World,
  origin: string,
  keyring: Keyring,
): Promise<void> {
  const key = parseVerifierKey(verifierKey)
  assert.ok(!('code' in key))
  const reader = createArchiveReader({ objects: memoryObjectStore(kept, clock), ledger: origin, keyring })
  const report = await verifyHome(folder, {
    trust: { kind: 'pinned', keys: [key] },
    anchors: [await localAnchor(folder)],
    approvers: [kim.verifierKey],
    archiveOf: () => storedArchive(reader),
  })
  assert.deepEqual([report.status, report.findings], ['valid', []])
}
