// Deeds of those who place legal holds, and of the two whom it takes to release one.

import assert from 'node:assert/strict'

import { formatTimestamp } from '../../src/clock/clock.ts'
import { generateSignerKey } from '../../src/formats/signer-key.ts'
import type { HoldRequest } from '../../src/ledger/hold.ts'
import { signApproval } from '../../src/papers/approval.ts'
import { holdReleaseDigest } from '../../src/papers/hold-release.ts'
import { type Deed, pick, refusal } from './command.ts'
import { type HoldOn, known, standing } from './paper.ts'

const WHY = { matter: 'Okafor v. Clinic', reason: 'counsel asked', custodian: 'general counsel' }

function queryOf(on: HoldOn): Partial<HoldRequest> {
  switch (on.on) {
    case 'everything':
      return { everything: 'yes' }
    case 'conversation':
      return { conversation_id: on.which }
    case 'person':
      return { subject_id: on.which }
    case 'device':
      return { resource_type: 'device', resource_id: on.which }
  }
}

export function hold(on: HoldOn): Deed {
  return {
    name: `hold ${JSON.stringify(on)}`,
    may: 'record',
    async run(paper, { process }) {
      let id: string | undefined
      const why = await refusal(
        process.ledger
          .holding({ actor_id: 'dr.lee' })
          .place({ ...WHY, ...queryOf(on) })
          .then(({ hold_id }) => {
            id = hold_id
          }),
      )
      const binds = on.on === 'person' ? { ...on, which: known(paper, on.which) } : on
      if (id !== undefined) paper.holds.push({ id, binds, takenBack: [] })
      else {
        assert.ok(['subject_id', 'conversation_id', 'resource_id', 'not-found'].includes(why ?? ''), why)
        // Whoever and whatever stands in no record that is there is misspelt.
        const isThere = standing(paper).some(
          ({ conversation, person, devices }) =>
            'which' in binds && [conversation, person, ...devices].includes(binds.which),
        )
        assert.ok(on.on !== 'everything' && !isThere, why)
      }
    },
  }
}

export function release(which: number, by: 'kim' | 'a stranger'): Deed {
  return {
    name: `release ${which} by ${by}`,
    may: 'record',
    async run(paper, { process, kim, clock }) {
      const one = pick(paper.holds, which)
      if (one === undefined) return
      const { holding, origin } = process.ledger
      const lee = holding({ actor_id: 'dr.lee' })
      const paperOfIt = await lee.planRelease(one.id, 'settled')
      const approval = {
        ...{ ledger: origin, plan_id: one.id, plan_sha256: holdReleaseDigest(paperOfIt), approver: 'kim' },
        ...{ approved_at: formatTimestamp(clock.now()), decision: 'approve' as const },
      }
      const key = by === 'kim' ? kim : generateSignerKey('approver/kim', 'ed25519')
      const order = { release: paperOfIt, approval: Buffer.from(signApproval('hold release', approval, key)) }
      const why = await refusal(lee.release(order))
      assert.equal(why, by === 'kim' ? undefined : 'signed-by-a-key-that-is-not-pinned')
      if (by === 'kim') paper.holds.splice(paper.holds.indexOf(one), 1)
    },
  }
}
