// A disposition that dies at any write, or that something overtakes between decision and destruction (spec/disposition.md §5).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planDigest } from '../src/disposition/plan.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { parseRetentionSet } from '../src/retention/parse.ts'
import { type Backend, doesAll } from './backend.ts'
import { copiedClinics, openClinic, orderOf, planOf, refusal, STORY, standingSeqs } from './disposition-clinic.ts'
import { type When, waysToFail, whenToFail } from './dying-ledger.ts'
import { LEFT, openAround, WHOLE, WRITES } from './restored-clinic.ts'

const LONGER = `version: 1
revision: 2027-01
extend: [{ policy: hipaa, minimum: { value: 10, unit: calendar_years, anchors: [record_created] } }]
`

async function firstSeven(ledger: Ledger): Promise<readonly number[]> {
  return (await standingSeqs(ledger)).filter((seq) => seq < 7)
}

async function keepLonger(ledger: Ledger, seq: number): Promise<void> {
  const record = await ledger.at(seq)
  await ledger.append({
    ...{ actor_id: 'dr.lee', actor_type: 'user', action: 'record_reclassified' },
    parent_id: record?.id ?? assert.fail(),
    details: { data_classification: 'restricted', retention_class: 'financial', reason: 'it was an invoice' },
  })
}

export function testDispositionCrash(backend: Backend): void {
  const { copied } = copiedClinics('disposition-crash', STORY, backend)

  for (const way of waysToFail(backend)) {
    test(`a process that dies ${way} any write leaves a disposition that was not decided, or one that is finished`, async () => {
      const seen: string[] = []
      const ends: string[] = []
      for (let number = 1; ; number += doesAll(backend) ? 1 : 3) {
        const when: When = whenToFail(way, number)
        const clinic = await copied()
        let [count, at] = [0, Number.POSITIVE_INFINITY]
        const ledger = await openAround(clinic, async (name, write) => {
          if (++count < at) return write()
          if (count === at) {
            seen.push(name)
            if (when === 'after') await write()
          }
          throw new Error('the power is gone')
        })
        const order = orderOf(clinic, await planOf(ledger.dispositions, clinic))
        ;[count, at] = [0, number]
        const outcome = await ledger.dispositions.carryOut(order).then(
          () => 'done',
          () => 'died',
        )
        await ledger.close().catch(() => undefined)
        if (outcome === 'done') break
        {
          await using again = await openClinic(clinic)
          const [found] = await again.dispositions.standing()
          const rows = await firstSeven(again)
          assert.deepEqual(rows, rows.length === WHOLE.length ? WHOLE : LEFT, 'all of it, or nothing')
          if (found === undefined) assert.deepEqual(rows, WHOLE, 'nothing is destroyed that was not decided')
          const [standing] = await again.dispositions.finish()
          ends.push(standing?.state ?? 'not decided')
          assert.deepEqual(await firstSeven(again), standing === undefined ? WHOLE : LEFT)
          // And whoever has the papers goes on from wherever that was.
          assert.equal((await again.dispositions.carryOut(order)).state, 'done')
          assert.deepEqual(await firstSeven(again), LEFT)
        }
        await backend.remove(clinic.folder)
      }
      if (doesAll(backend))
        for (const write of WRITES) assert.ok(seen.includes(write), `${write} is among ${seen.join()}`)
      assert.match(ends.join(), /^(not decided,)+disposed(,disposed)*$/)
    })
  }

  test('what has to be kept longer since the decision withdraws it, whole, and another plan leaves it out', async () => {
    const clinic = await copied()
    await using other = await openClinic(clinic)
    // Between the judgement and the transaction that it was for.
    let overtaken = 0
    await using ledger = await openAround(clinic, async (name, write) => {
      if (name === 'replaceEntries' && overtaken++ === 0) await keepLonger(other, 2)
      return write()
    })
    const { dispositions } = ledger
    const planned = await planOf(dispositions, clinic)
    const order = orderOf(clinic, planned)
    assert.equal(await refusal(dispositions.carryOut(order)), 'withdrawn')
    assert.equal(overtaken, 1)
    assert.deepEqual(await firstSeven(ledger), WHOLE)
    const [standing] = await dispositions.standing()
    assert.deepEqual([standing?.state, standing?.because, standing?.because_of_seq], ['withdrawn', 'kept', 2])
    assert.equal(await refusal(dispositions.carryOut(order)), 'withdrawn')
    await assert.rejects(dispositions.papers(planDigest(planned.plan)), {
      code: 'not-found',
      message: /was withdrawn at seq \d+, because the record at seq 2 is not due \(kept\): nothing was destroyed/,
    })
    assert.deepEqual(await firstSeven(ledger), WHOLE)

    const anew = await planOf(dispositions, clinic)
    assert.equal((await dispositions.carryOut(orderOf(clinic, anew))).state, 'done')
    assert.deepEqual(await firstSeven(ledger), [0, 2, 5, 6])
  })

  test('retention policies that came into force since the ledger was opened keep it from destroying by those of before', async () => {
    const clinic = await copied()
    const longer = parseRetentionSet(LONGER, 'yaml', 'retention.yaml')
    let overtaken = 0
    {
      await using ledger = await openAround(clinic, async (name, write) => {
        if (name === 'replaceEntries' && overtaken++ === 0)
          await (await openClinic(clinic, { retention: longer })).close()
        return write()
      })
      const { dispositions } = ledger
      const order = orderOf(clinic, await planOf(dispositions, clinic))
      assert.equal(await refusal(dispositions.carryOut(order)), 'policies-changed')
      assert.equal(overtaken, 1)
      assert.deepEqual(await firstSeven(ledger), WHOLE)
      const another = orderOf(clinic, await planOf(dispositions, clinic))
      assert.equal(await refusal(dispositions.carryOut(another)), 'policies-changed')
    }
    await using again = await openClinic(clinic, { retention: longer })
    const [standing] = await again.dispositions.finish()
    assert.deepEqual([standing?.state, standing?.because], ['withdrawn', 'kept'])
    assert.deepEqual(await firstSeven(again), WHOLE)
  })

  test('a late fact that changes nothing is judged, and the disposition goes on', async () => {
    const clinic = await copied()
    await using other = await openClinic(clinic)
    const judged: number[] = []
    await using ledger = await openAround(clinic, async (name, write) => {
      if (name === 'replaceEntries' && judged.push(0) < 3) await keepLonger(other, 5)
      return write()
    })
    const { dispositions } = ledger
    const done = await dispositions.carryOut(orderOf(clinic, await planOf(dispositions, clinic)))
    assert.equal(done.state, 'done')
    assert.equal(judged.length, 3)
    assert.deepEqual(await firstSeven(ledger), LEFT)
  })

  test('two that carry out the same plan destroy it once, and two plans of the same records one of them', async () => {
    const clinic = await copied()
    await using one = await openClinic(clinic)
    await using other = await openClinic(clinic)
    const planned = await planOf(one.dispositions, clinic)
    const order = orderOf(clinic, planned)
    const second = orderOf(clinic, await planOf(other.dispositions, clinic))
    const done = await Promise.all([one.dispositions.carryOut(order), other.dispositions.carryOut(order)])
    assert.deepEqual(
      done.map(({ state, standing }) => [state, standing.state]),
      [
        ['done', 'disposed'],
        ['done', 'disposed'],
      ],
    )
    assert.deepEqual(await firstSeven(one), LEFT)
    assert.equal(await refusal(other.dispositions.carryOut(second)), 'plan-is-outdated')
    assert.equal((await one.dispositions.standing()).length, 1)
  })
}
