// Commands of those who place legal holds, and of the two whom it takes to release one.

import assert from 'node:assert/strict'

import { formatTimestamp } from '../../src/clock/clock.ts'
import { generateSignerKey } from '../../src/formats/signer-key.ts'
import { signApproval } from '../../src/papers/approval.ts'
import { holdReleaseDigest } from '../../src/papers/hold-release.ts'
import { type Command, command, pick, refusal } from './command.ts'
import { type HoldOn, known } from './paper.ts'

const WHY = { matter: 'Okafor v. Clinic', reason: 'counsel asked', custodian: 'general counsel' }

export function hold(on: HoldOn): Command {
  return command(`hold ${JSON.stringify(on)}`, 'record', async (paper, { ledger }) => {
    const query = {
      ...(on.on === 'everything' && ({ everything: 'yes' } as const)),
      ...(on.on === 'conversation' && { conversation_id: on.which }),
      ...(on.on === 'person' && { subject_id: on.which }),
    }
    let id: string | undefined
    const why = await refusal(
      ledger
        .holding({ actor_id: 'dr.lee' })
        .place({ ...WHY, ...query })
        .then(({ hold_id }) => {
          id = hold_id
        }),
    )
    const binds = on.on === 'person' ? { ...on, which: known(paper, on.which) } : on
    if (id !== undefined) paper.holds.push({ id, binds })
    else {
      assert.ok(why === 'subject_id' || why === 'conversation_id' || why === 'not-found', why)
      // Whoever stands in no record that is there is misspelt.
      for (const { conversation, person, fate } of paper.records)
        assert.ok(
          fate === 'destroyed' ||
            on.on === 'everything' ||
            (conversation !== on.which && person !== known(paper, on.which)),
        )
    }
  })
}

export function release(which: number, by: 'kim' | 'a stranger'): Command {
  return command(`release ${which} by ${by}`, 'record', async (paper, { ledger, kim, clock }) => {
    const one = pick(paper.holds, which)
    if (one === undefined) return
    const lee = ledger.holding({ actor_id: 'dr.lee' })
    const paperOfIt = await lee.planRelease(one.id, 'settled')
    const approval = {
      ...{ ledger: ledger.origin, plan_id: one.id, plan_sha256: holdReleaseDigest(paperOfIt), approver: 'kim' },
      ...{ approved_at: formatTimestamp(clock.now()), decision: 'approve' as const },
    }
    const key = by === 'kim' ? kim : generateSignerKey('approver/kim', 'ed25519')
    const order = { release: paperOfIt, approval: Buffer.from(signApproval('hold release', approval, key)) }
    const why = await refusal(lee.release(order))
    assert.equal(why, by === 'kim' ? undefined : 'signed-by-a-key-that-is-not-pinned')
    if (by === 'kim') paper.holds.splice(paper.holds.indexOf(one), 1)
  })
}
