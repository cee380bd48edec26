// The end of a history: every content that was neither erased nor destroyed opens, everything destroyed is certified, and it verifies.

import assert from 'node:assert/strict'

import { createArchiveReader } from '../../src/archive/reader.ts'
import { judgePapers } from '../../src/disposition/judge-papers.ts'
import { planDigest } from '../../src/disposition/plan.ts'
import { localAnchor } from '../../src/embedded/anchors.ts'
import { openFolderKeyring } from '../../src/embedded/keyring.ts'
import { storedArchive } from '../../src/embedded/stored-archive.ts'
import { parseVerifierKey } from '../../src/formats/verifier-key.ts'
import { openContent, wholeBody } from '../../src/ledger/open-content.ts'
import { memoryObjectStore } from '../../src/testing/memory-object-store.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import { verifyHome } from '../verify-home.ts'
import { command } from './command.ts'
import { finish } from './destroying.ts'
import { judgeOver } from './judge-archive.ts'
import { judgePlan } from './judge-step.ts'
import { passTime, setClock } from './operating.ts'
import { type Paper, standing } from './paper.ts'
import { reopen, type World } from './world.ts'

export async function judgeEnd(paper: Paper, world: World): Promise<void> {
  await reopen(world, paper)
  await command(finish()).run(paper, world)
  await judgePlan(paper, world)
  for (const deed of [setClock(0, 'confirmed'), finish()]) await command(deed).run(paper, world)
  await judgeOver(world, destroyed(paper))
  for (const deed of [passTime(1_000), setClock(0, 'confirmed'), finish()]) await command(deed).run(paper, world)
  await judgeOver(world, destroyed(paper))
  await judgeCertificates(paper, world)
  const { folder, origin, process } = world
  const keyring = await openFolderKeyring(folder, origin, 'open')
  try {
    await judgeContents(paper, world, keyring)
    await process.ledger.close()
    await judgeVerdict(world, keyring)
  } finally {
    await keyring.close()
  }
}

async function judgeContents(paper: Paper, { process: { ledger } }: World, keyring: Keyring): Promise<void> {
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
async function judgeCertificates(paper: Paper, { process, pending, verifierKey, kim }: World): Promise<void> {
  const key = parseVerifierKey(verifierKey)
  assert.ok(!('code' in key))
  const { dispositions } = process.ledger
  const done = new Set(
    (await dispositions.standing()).flatMap(({ state, plan_sha256 }) =>
      state === 'disposed' || state === 'disposing' ? [plan_sha256] : [],
    ),
  )
  const certified = new Set<number>()
  for (const { order, seqs } of pending) {
    if (!done.has(planDigest(order.plan))) continue
    const judged = judgePapers(await dispositions.papers(planDigest(order.plan)), [key], [kim.verifierKey])
    assert.ok(judged.state === 'holds' && judged.authority.state === 'approved', JSON.stringify(judged))
    for (const seq of seqs) certified.add(seq)
  }
  for (const { seq, fate } of paper.records)
    assert.equal(certified.has(seq), fate === 'destroyed', `certificate of seq ${seq}`)
}

async function judgeVerdict({ folder, origin, verifierKey, kim, kept, time }: World, keyring: Keyring): Promise<void> {
  const key = parseVerifierKey(verifierKey)
  assert.ok(!('code' in key))
  const reader = createArchiveReader({ objects: memoryObjectStore(kept, time), ledger: origin, keyring })
  const report = await verifyHome(folder, {
    trust: { kind: 'pinned', keys: [key] },
    anchors: [await localAnchor(folder)],
    approvers: [kim.verifierKey],
    archiveOf: () => storedArchive(reader),
  })
  assert.deepEqual([report.status, report.findings], ['valid', []])
}

function destroyed({ records }: Paper): ReadonlySet<number> {
  return new Set(records.flatMap(({ seq, fate }) => (fate === 'destroyed' ? [seq] : [])))
}
