// Erasures: the content of whoever is named, and of the conversations, and that of nobody else; none that must stay readable.

import assert from 'node:assert/strict'

import { formatTimestamp } from '../../src/clock/clock.ts'
import { type ErasurePlan, planDigest } from '../../src/erasure/plan.ts'
import { type Approval, signApproval } from '../../src/papers/approval.ts'
import { type Deed, refusal } from './command.ts'
import { isInOrder } from './destroying.ts'
import { factsOf, isHeld, known, type Paper, type PaperRecord, personsOf, samePerson, standing } from './paper.ts'
import { minimumOf } from './paper-policies.ts'
import type { World } from './world.ts'

const TOLERANCE = 60_000

export function erase(people: readonly string[], conversations: readonly string[]): Deed {
  let begun: { readonly erasure: Erasure; readonly early: PaperRecord | undefined } | undefined
  return {
    name: `erase ${[...people, ...conversations].join()}`,
    may: 'record',
    async run(paper, world) {
      begun = undefined
      const erasure = await planned(paper, world, people, conversations)
      if (erasure === undefined) return
      const { erasures } = world.process.ledger
      const early = mustStayReadable(paper, erasure.reached)
      begun = { erasure, early }
      const why = await refusal(
        erasures.carryOut({ ...signed(erasure.plan, world), policy: world.access, person: 'dr.lee' }),
      )
      begun = undefined
      const decided = await decisionOf(erasure.plan, world)
      if (why === undefined) assert.notEqual(decided, undefined)
      // What somebody else found out behind the decision came too late.
      const isBefore = decided !== undefined && decided < (world.disturbedAt ?? 0)
      const tooEarly = isBefore ? early : mustStayReadable(paper, erasure.reached)
      if (decided !== undefined) written(paper, erasure, tooEarly)
      else if (world.disturbedAt === undefined)
        assert.ok(tooEarly !== undefined || paper.holds.length > 0 || !isInOrder(paper), why)
    },
    async recall(paper, world) {
      if (begun === undefined || (await decisionOf(begun.erasure.plan, world)) === undefined) return
      written(paper, begun.erasure, begun.early)
    },
  }
}

interface Erasure {
  readonly plan: ErasurePlan
  readonly persons: ReadonlySet<string>
  readonly reached: readonly PaperRecord[]
}

async function planned(
  paper: Paper,
  { process, access: policy }: World,
  people: readonly string[],
  conversations: readonly string[],
): Promise<Erasure | undefined> {
  const persons = new Set(people.flatMap((one) => [...samePerson(paper, known(paper, one))]))
  const isAbout = (record: PaperRecord): boolean =>
    [...personsOf(paper, record)].some((one) => persons.has(one)) ||
    (record.person === undefined && conversations.includes(record.conversation ?? ''))
  const reached = standing(paper).filter((one) => !one.isErased && isAbout(one))
  // Whoever stands in no record that is there is misspelt.
  const isIn = (person: string): boolean => reached.some((one) => personsOf(paper, one).has(known(paper, person)))
  const subjects = people.filter(isIn)
  const known_conversations = conversations.filter((one) => reached.some(({ conversation }) => conversation === one))
  if (subjects.length + known_conversations.length === 0 || paper.isJumped) return undefined
  const plan = await process.ledger.erasures.plan({
    ...{ subjects, conversations: known_conversations, basis: 'gdpr_17', reason: 'request 2026-117' },
    ...{ person: 'dr.lee', policy, copies: [] },
  })
  return { plan, persons, reached }
}

function signed(plan: ErasurePlan, { kim, clock }: World): { readonly plan: ErasurePlan; readonly approval: Buffer } {
  const { ledger, plan_id } = plan
  const approval: Approval = {
    ...{ ledger, plan_id, plan_sha256: planDigest(plan), approver: 'kim' },
    ...{ approved_at: formatTimestamp(clock.now()), decision: 'approve' },
  }
  return { plan, approval: Buffer.from(signApproval('erasure', approval, kim)) }
}

async function decisionOf(plan: ErasurePlan, { process }: World): Promise<number | undefined> {
  const standings = await process.ledger.erasures.standing()
  return standings.find(({ plan_sha256 }) => plan_sha256 === planDigest(plan))?.decision_seq
}

function written(paper: Paper, { persons, reached }: Erasure, early: PaperRecord | undefined): void {
  assert.equal(early, undefined, `the content of seq ${early?.seq} had to stay readable`)
  for (const one of reached) one.isErased = true
  for (const person of persons) {
    const name = person.replace(/ #\d+$/, '')
    if (known(paper, name) === person) paper.erased.set(name, (paper.erased.get(name) ?? 0) + 1)
  }
}

function mustStayReadable(paper: Paper, records: readonly PaperRecord[]): PaperRecord | undefined {
  return records.find((record) => {
    const minimum = minimumOf(paper.set, factsOf(paper, record))
    return isHeld(paper, record) || minimum === 'open' || (minimum ?? 0) > paper.truth + TOLERANCE
  })
}
