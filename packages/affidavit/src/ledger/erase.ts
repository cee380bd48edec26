// Carrying erasures out (spec/erasure.md §4): the decision is durable before any key dies, and from then on whoever comes along
// goes on from the records and the keyring alone, step by step, until the outcome is recorded.

import { canonicalJson, PLAIN_JSON } from '../bytes/json.ts'
import type { Clock, UnixMillis } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { certificateText } from '../erasure/certificate.ts'
import { type ErasureStep, nextStep } from '../erasure/phases.ts'
import { type ErasurePlan, planDigest } from '../erasure/plan.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { type Copy, copyName } from '../papers/copies.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import { NOTHING_LEAVES } from '../vault/keyring.ts'
import type { Leaving } from '../vault/wrap-anew.ts'
import type { Admission } from './admit.ts'
import { certificateOf, type RecordedErasure } from './certify-erasure.ts'
import { destroyRetired } from './destroy-retired.ts'
import { createEarlierBehind, type EarlierErasures } from './earlier-erasures.ts'
import { keyringOwners } from './erasure-reach.ts'
import {
  type DecidedErasure,
  decisionRecord,
  openPapers,
  outcomeRecord,
  type Papers,
  type RecordParts,
  readCopies,
  readErasures,
} from './erasure-records.ts'
import { type ErasureOrder, judgeDamage, judgeErasure, refuseUnlessEraser } from './judge-erasure.ts'
import type { KeysAtHand } from './keys-at-hand.ts'
import { isLinkedLeft, leavingOf, leavingTogether } from './leave-linked.ts'
import { erasureUnfinished } from './own-records.ts'
import { type ErasureRequest, planErasure } from './plan-erasure.ts'
import type { Queue } from './queue.ts'
import { endedRecord, endingRecord, readKeysEnding } from './unused-keys.ts'

/** Where an erasure stands. */
export interface ErasureStanding {
  readonly plan_sha256: string
  readonly decision_seq: number
  readonly decided_at: string
  readonly subjects: number
  readonly conversations: number
  readonly state: 'decided' | 'erasing' | 'erased'
  /** Of the newest outcome; absent before there is one. */
  readonly outcome_seq?: number
  /** Key-encryption keys that still stood then. */
  readonly retired_key_versions: readonly string[]
  readonly copies: readonly Copy[]
}

export interface Erasures {
  /** Plans; changes nothing. @throws LedgerError `invalid-query`, `not-found` */
  plan(request: ErasureRequest): Promise<ErasurePlan>
  /**
   * Carries an approved plan out and answers the signed certificate. Doing it again goes on where it stopped, or answers a
   * certificate of what is recorded.
   * @throws LedgerError `invalid-query`: nothing was changed; else what keeps it from being finished: whoever opens the ledger
   *   next goes on
   */
  carryOut(order: ErasureOrder): Promise<{ readonly certificate: string; readonly standing: ErasureStanding }>
  /** Goes on with everything that is not over yet, and destroys key-encryption keys that a rotation left standing. */
  finish(): Promise<readonly ErasureStanding[]>
  /** Records what became of copies, each in its new state, of every erasure that lists them. @throws LedgerError `not-found` */
  tellCopies(copies: readonly Copy[]): Promise<readonly ErasureStanding[]>
  /** All that were decided, in order. */
  standing(): Promise<readonly ErasureStanding[]>
  /** The signed certificate, with the papers it is held against. @throws LedgerError `not-found` where no erasure of this plan has an outcome */
  papers(plan_sha256: string): Promise<Papers & { readonly certificate: string }>
}

/** For the ledger itself. */
export interface Erasing extends Erasures {
  /** Resolves when keys of this generation, or of a later one, are taken, and no decision is left unfinished. */
  renew(fence: number): Promise<void>
  /** Finishes what was decided and has no outcome. */
  settle(): Promise<void>
  /** Destroys keys of persons and conversations under which nothing stands, on record. @throws LedgerError what keeps it from being finished */
  endUnusedKeys(): Promise<void>
  /** Does other work on the keyring: what was decided is over, and this process goes on with no erasure meanwhile. */
  undisturbed<T>(work: () => Promise<T>): Promise<T>
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

export interface ErasingParts extends RecordParts {
  readonly keysAtHand: KeysAtHand
  readonly admission: Pick<Admission, 'admitOwn' | 'deriveId'>
  readonly queue: Pick<Queue, 'pushOwn'>
  readonly clock: Clock
  /** By which is judged whether content may go. @throws LedgerError where the clock is ahead of the source of time, or that does not answer */
  time(): Promise<UnixMillis>
  readonly random: RandomSource
  /** How long content is kept. */
  readonly retention: PolicySet
  /** A signed note by the checkpoint key. */
  sign(text: string): Promise<string>
  /** Ids of scope keys under which nothing stands. */
  unusedKeys(): Promise<readonly string[]>
}

/** Others decide and turn over at the same time; each time somebody has come further. */
const ATTEMPTS = 100
/** Each judges everything anew. */
const JUDGED_ATTEMPTS = 20

export function createErasing(parts: ErasingParts): Erasing {
  const { store, ledger, keyring, keysAtHand, admission, queue, clock } = parts
  // Decisions whose rows this process has removed itself: what its keyring has of them since belongs to later records.
  const removed = new Set<number>()
  const earlierBehind = createEarlierBehind(store, ledger)
  let last: Promise<unknown> = Promise.resolve()
  let renewing: Promise<number> | undefined

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }

  // Not by way of the line: whoever stands there may be waiting for this.
  async function enter(draft: Draft, judged_below?: number): Promise<'placed' | 'again'> {
    const prepared = {
      ...(await admission.admitOwn(draft).prepare()),
      ...(judged_below === undefined ? {} : { judged_below }),
    }
    // Nobody could finish from other words than these.
    if (!prepared.pieces.join('').includes(canonicalJson(draft.details, PLAIN_JSON)))
      unreachable('the details of an erasure changed on their way into the record')
    const placed = await queue.pushOwn(prepared)
    return placed.state === 'stale' || placed.state === 'overtaken' ? 'again' : 'placed'
  }

  async function decide(
    papers: Papers,
    words: Omit<DecidedErasure['decision'], 'phase' | 'keyring_generation'>,
    by?: { readonly person: string; readonly judged_below: number },
  ): Promise<'placed' | 'again'> {
    const generation = await keysAtHand.renew()
    const draft = decisionRecord(admission.deriveId, papers, {
      ...words,
      phase: 'decided',
      keyring_generation: generation + 1,
    })
    // A decision that is repeated for another generation stands: it was judged when it was taken.
    return by === undefined ? enter(draft) : enter({ ...draft, on_behalf_of: by.person }, by.judged_below)
  }

  /** One step of what was decided and has no outcome; `false` where there is nothing left to do. */
  async function step(): Promise<boolean> {
    const erasures = await readErasures(store, ledger)
    const generation = await keyring.generation()
    // An old copy of the keyring is behind too: it has rows of erasures that are over.
    const behind = erasures.filter(({ decision }) => generation < decision.keyring_generation)
    const earlier = await earlierBehind(generation)
    const ending = await readKeysEnding(store, ledger)
    const open = erasures.filter(({ outcome }) => outcome === undefined)
    const isEnding = ending !== undefined && generation < ending.fence
    if (behind.length > 0 || earlier.length > 0 || isEnding) {
      // Behind the fence nothing is placed that was sealed under keys of before: what is unused now stays so.
      const scopes = isEnding ? await parts.unusedKeys() : []
      await turnOver(generation, behind, earlier, scopes)
      return true
    }
    if (ending?.isOver === false) {
      const retired = await destroyRetired(keyring)
      await enter(endedRecord(admission.deriveId, ending, await keysAtHand.renew(), retired))
      return true
    }
    if (open.length === 0) return false
    for (const erasure of open) {
      if ((await stepOf(erasure, generation, undefined)) !== 'turn-over') continue
      // Somebody turned the keyring over for another reason: the decision was about a generation that never lost its rows.
      const { decision } = erasure
      const { phase: _, keyring_generation: __, ...words } = decision
      await decide(await openPapers(parts, erasure), words)
      return true
    }
    // Keys that cannot be destroyed now stand, and the outcome says so: it must not keep writers from going on.
    const standing = await destroyRetired(keyring)
    for (const erasure of open) await recordOutcome(erasure, standing, await readCopies(parts, erasure))
    return true
  }

  async function turnOver(
    generation: number,
    behind: readonly DecidedErasure[],
    earlier: readonly EarlierErasures[],
    scopes: readonly string[],
  ): Promise<void> {
    // A keyring of another generation has other keys: then what was looked at here is not done.
    const all: Leaving[] = [await leavingOf(parts, behind), { ...NOTHING_LEAVES, scopes }]
    for (const { origin, erasures } of earlier) all.push(await leavingOf({ ...parts, ledger: origin }, erasures))
    if ((await keyring.turnOverFrom(generation, leavingTogether(all))) === 'superseded') return
    for (const { decided, decision } of behind) {
      if (decision.keyring_generation === generation + 1) removed.add(decided.seq)
    }
  }

  async function stepOf(
    erasure: DecidedErasure,
    generation: number,
    standing: readonly string[] | undefined,
    copies: readonly Copy[] = [],
  ): Promise<ErasureStep> {
    const { decision, decided, outcome } = erasure
    // Behind an outcome, rows of the same conversation belong to later records.
    const isOver = outcome !== undefined || removed.has(decided.seq)
    const rowsLeft =
      !isOver && ((await keyring.hasAny(keyringOwners(decision))) || (await isLinkedLeft(parts, erasure)))
    const knownCopies = copies.filter(({ state }) => state === 'known').length
    return nextStep({ decision, outcome, generation, rowsLeft, standing, knownCopies })
  }

  async function recordOutcome(
    erasure: DecidedErasure,
    standing: readonly string[],
    copies: readonly Copy[],
  ): Promise<void> {
    const generation = await keysAtHand.renew()
    const taken = await stepOf(erasure, generation, standing, copies)
    if (taken === 'record-erased') await record(erasure, 'erased', generation, standing, copies)
    else if (taken === 'record-erasing') await record(erasure, 'erasing', generation, standing, copies)
  }

  function record(
    { decision, decided }: DecidedErasure,
    phase: 'erased' | 'erasing',
    keyring_generation: number,
    retired_key_versions: readonly string[],
    copies: readonly Copy[],
  ): Promise<'placed' | 'again'> {
    const { plan_sha256, subjects, conversations } = decision
    const told = { phase, plan_sha256, keyring_generation, retired_key_versions, subjects, conversations }
    return enter(outcomeRecord(admission.deriveId, { ...told, decision_seq: decided.seq }, copies))
  }

  async function settleInTurn(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) if (!(await step())) return
    throw erasureUnfinished((await keyring.generation()) + 1)
  }

  async function decideInTurn(order: ErasureOrder): Promise<void> {
    for (let attempt = 0; attempt < JUDGED_ATTEMPTS; attempt++) {
      await settleInTurn()
      // A hold or a late fact from here on is not looked at, and lets the decision find no place.
      const judged_below = (await store.head(ledger))?.size ?? 0
      const { plan_sha256, approval_sha256 } = await judgeErasure(parts, order, await parts.time(), judged_below)
      const { plan, approval, person } = order
      const { subjects, conversations } = plan
      const damaged = await judgeDamage(parts, plan)
      const words = { plan_sha256, approval_sha256, damaged, subjects, conversations }
      if ((await decide({ plan, approval }, words, { person, judged_below })) === 'placed') return
    }
    throw overtakenEachTime()
  }

  async function find(plan_sha256: string): Promise<DecidedErasure | undefined> {
    return (await readErasures(store, ledger)).find(({ decision }) => decision.plan_sha256 === plan_sha256)
  }

  async function standingOf(erasure: DecidedErasure): Promise<ErasureStanding> {
    const { decision, decided, outcome, recorded } = erasure
    return {
      plan_sha256: decision.plan_sha256,
      decision_seq: decided.seq,
      decided_at: decided.recorded_at,
      subjects: decision.subjects.length,
      conversations: decision.conversations.length,
      state: outcome?.phase ?? 'decided',
      ...(recorded === undefined ? {} : { outcome_seq: recorded.seq }),
      retired_key_versions: outcome?.retired_key_versions ?? [],
      copies: await readCopies(parts, erasure),
    }
  }

  async function standing(): Promise<readonly ErasureStanding[]> {
    return Promise.all((await readErasures(store, ledger)).map(standingOf))
  }

  async function certify(erasure: RecordedErasure): Promise<string> {
    return parts.sign(certificateText(await certificateOf(parts, erasure, clock.now())))
  }

  /** Goes on with what is `erasing`; `tell` gives the copies in their states now. */
  async function finishInTurn(tell: (copies: readonly Copy[]) => readonly Copy[] = (copies) => copies): Promise<void> {
    await settleInTurn()
    const open = (await readErasures(store, ledger)).filter(({ outcome }) => outcome?.phase === 'erasing')
    // Those that a rotation left behind too.
    const keys = await destroyRetired(keyring)
    for (const erasure of open) {
      const before = await readCopies(parts, erasure)
      const copies = tell(before)
      const generation = await keysAtHand.renew()
      const isTold = copies.some(({ state }, i) => state !== before[i]?.state)
      const taken = await stepOf(erasure, generation, keys, copies)
      if (taken === 'record-erased') await record(erasure, 'erased', generation, keys, copies)
      else if (isTold) await record(erasure, 'erasing', generation, keys, copies)
    }
    await settleInTurn()
  }

  async function endUnusedInTurn(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await settleInTurn()
      const { length: keys } = await parts.unusedKeys()
      if (keys === 0) return
      const generation = await keysAtHand.renew()
      await enter(endingRecord(admission.deriveId, { phase: 'ending-keys', keyring_generation: generation + 1, keys }))
    }
    throw erasureUnfinished((await keyring.generation()) + 1)
  }

  async function renewOnce(): Promise<number> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const generation = await keysAtHand.renew()
      // In this order: a decision whose keyring is in force was recorded before.
      const erasures = await readErasures(store, ledger)
      const ending = await readKeysEnding(store, ledger)
      const isDue =
        (ending !== undefined && (generation < ending.fence || !ending.isOver)) ||
        erasures.some(({ decision, outcome }) => outcome === undefined || generation < decision.keyring_generation)
      if (!isDue) return generation
      await inTurn(settleInTurn)
    }
    throw erasureUnfinished((await keyring.generation()) + 1)
  }

  return {
    plan: (request) => planErasure(parts, request),
    carryOut: (order) =>
      inTurn(async () => {
        refuseUnlessEraser(order)
        const plan_sha256 = planDigest(order.plan)
        if ((await find(plan_sha256)) === undefined) await decideInTurn(order)
        await settleInTurn()
        const erasure = await find(plan_sha256)
        if (erasure === undefined || !isRecorded(erasure)) throw erasureUnfinished(await keyring.generation())
        return { certificate: await certify(erasure), standing: await standingOf(erasure) }
      }),
    papers: (plan_sha256) =>
      inTurn(async () => {
        const erasure = await find(plan_sha256)
        if (erasure === undefined || !isRecorded(erasure)) throw withoutOutcome(plan_sha256)
        return { certificate: await certify(erasure), ...(await openPapers(parts, erasure)) }
      }),
    finish: () => inTurn(() => finishInTurn().then(standing)),
    tellCopies: (told) =>
      inTurn(async () => {
        const states = new Map(told.map((copy) => [copyName(copy), copy.state]))
        const listed = new Set((await standing()).flatMap(({ copies }) => copies.map(copyName)))
        if (told.some((copy) => !listed.has(copyName(copy)))) throw unknownCopy()
        await finishInTurn((copies) =>
          copies.map((copy) => ({ ...copy, state: states.get(copyName(copy)) ?? copy.state })),
        )
        return standing()
      }),
    standing,
    async renew(fence) {
      if (renewing !== undefined && (await renewing) >= fence) return
      renewing ??= renewOnce().finally(() => {
        renewing = undefined
      })
      if ((await renewing) < fence) throw erasureUnfinished(fence)
    },
    settle: () => inTurn(settleInTurn),
    endUnusedKeys: () => inTurn(endUnusedInTurn),
    undisturbed: (work) => inTurn(() => settleInTurn().then(work)),
    async idle() {
      await last
    },
  }
}

function isRecorded(erasure: DecidedErasure): erasure is RecordedErasure {
  return erasure.outcome !== undefined
}

function overtakenEachTime(): LedgerError {
  return new LedgerError('not-committed', {
    problem: `each of ${JUDGED_ATTEMPTS} times that it was judged others recorded a hold, a late fact or a decision first; nothing was changed`,
    cure: 'run it again when less is recorded about what records mean',
  })
}

function unknownCopy(): LedgerError {
  return new LedgerError('not-found', {
    problem: 'no erasure lists a copy that was named',
    cure: 'affidavit erase status shows them: write kind:where as it stands there',
  })
}

function withoutOutcome(plan_sha256: string): LedgerError {
  return new LedgerError('not-found', {
    problem: `no erasure of the plan ${plan_sha256} has an outcome`,
    cure: 'affidavit certificates lists those that have',
  })
}
