// Carrying dispositions out (spec/disposition.md §5): papers and decision are durable before anything is destroyed, the rows go in one
// transaction that is judged anew, and whoever comes along goes on from the records alone until the outcome is recorded.

import { bytesOfHex } from '../bytes/hex.ts'
import { formatTimestamp, parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { ArchivedObject } from '../disposition/archived-objects.ts'
import { certificateText, stateOf } from '../disposition/certificate.ts'
import type { DispositionPapers } from '../disposition/disposition-papers.ts'
import { delayEnd, delayProblem } from '../disposition/judge-delay.ts'
import type { Manifest } from '../disposition/manifest.ts'
import type { Outcome } from '../disposition/phases.ts'
import { formatPlan, planDigest } from '../disposition/plan.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import { type Action, type Draft, LATE_ACTIONS } from '../formats/fields.ts'
import { archivedObjects } from './archived-objects.ts'
import { certificateOf, type DecidedDisposition, type DoneDisposition } from './certify-disposition.ts'
import type { DispositionFiles } from './disposition-files.ts'
import { type DispositionNotes, notedOf } from './disposition-notes.ts'
import {
  type DecidedPapers,
  type DispositionRecords,
  decidedTexts,
  dispositionDraft,
  openPapers,
  paperDrafts,
  type RecordedDisposition,
  readDispositions,
} from './disposition-records.ts'
import { type DispositionStanding, replayIn, standingIn } from './disposition-standing.ts'
import { type EndingParts, endArchived } from './end-archived.ts'
import {
  type DispositionOrder,
  delayRefused,
  judgeLeave,
  manifestOf,
  outdated,
  overtakenSet,
  refuseOtherLedger,
  refuseOtherPolicies,
  refuseUnlessDisposer,
} from './judge-disposition.ts'
import { firstNotDue } from './judge-listed.ts'
import {
  type DispositionPlanning,
  type DispositionRequest,
  type PlannedDisposition,
  planDisposition,
} from './plan-disposition.ts'
import { isOvertakenSet } from './policies.ts'
import { stubAt } from './read-through.ts'
import { refusedDisposition } from './refused-disposition.ts'
import type { LedgerStore } from './store.ts'

export type CarriedOut =
  /** It stands on record now, and can be carried out when its delay is over. */
  | { readonly state: 'announced'; readonly standing: DispositionStanding; readonly waits_until: string }
  | { readonly state: 'done'; readonly standing: DispositionStanding; readonly certificate: string }

export interface Dispositions {
  /** Plans; changes nothing. @throws LedgerError `invalid-query` */
  plan(request: DispositionRequest): Promise<PlannedDisposition>
  /**
   * Carries a plan out by the leave that comes with it, and answers the signed certificate; or announces one that waits. Doing it
   * again goes on where it stopped.
   * @throws LedgerError `invalid-query`: nothing was destroyed; else what keeps it from being finished
   */
  carryOut(order: DispositionOrder): Promise<CarriedOut>
  /** Goes on with everything that was decided and is not over, its objects in the archive too. @throws LedgerError what keeps it from being finished */
  finish(): Promise<readonly DispositionStanding[]>
  standing(): Promise<readonly DispositionStanding[]>
  /** @throws LedgerError `not-found` where no disposition of this plan has an outcome */
  certificate(plan_sha256: string): Promise<string>
  /** Its certificate with everything that it is held against. @throws LedgerError as certificate, `store-corrupt` */
  papers(plan_sha256: string): Promise<DispositionPapers>
}

export interface DisposingParts extends DispositionPlanning, EndingParts {
  readonly rows: Pick<LedgerStore, 'entries' | 'replaceEntries' | 'mayRemove'>
  /** Outside the database: what a restored backup is held against. */
  readonly notes: DispositionNotes
  readonly files: Pick<DispositionFiles, 'keep'>
  /** Durable when it resolves. */
  record(draft: Draft): Promise<unknown>
  /** The same, unless something was archived, or destroyed, since the ledger had this size. */
  recordJudged(draft: Draft, judged_below: number): Promise<unknown>
  deriveId(...words: readonly string[]): string
  /** The time, where the clock is not behind the source either: a delay is counted from there. @throws LedgerError */
  timeToCountFrom(): Promise<UnixMillis>
  /** A checkpoint of everything recorded. */
  publish(): Promise<unknown>
  /** Destroys keys of persons and conversations under which nothing stands any more. */
  endUnusedKeys(): Promise<void>
  /** A signed note by the checkpoint key. */
  sign(text: string): Promise<string>
}

/** What may change what is due, or that it is to be destroyed at all. */
const JUDGED_BY: readonly Action[] = [...LATE_ACTIONS, 'hold_placed', 'policy_changed', 'records_disposed']

/** Others record late facts at the same time; each time it is judged anew. */
const ATTEMPTS = 100

export function createDisposing(parts: DisposingParts): Dispositions {
  const { store, rows, ledger, judging, clock, deriveId } = parts
  let last: Promise<unknown> = Promise.resolve()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }

  const read = (): Promise<DispositionRecords> => readDispositions(store, ledger)

  async function find(plan_sha256: string): Promise<RecordedDisposition | undefined> {
    return (await read()).dispositions.find((one) => one.plan_sha256 === plan_sha256)
  }

  async function announce({ plan, policy }: DispositionOrder): Promise<void> {
    const fault = delayProblem(plan, policy)
    if (fault !== undefined) throw delayRefused(fault)
    const { manifest_sha256, delay_days } = plan
    const words = { plan_sha256: planDigest(plan), manifest_sha256, delay_days }
    await parts.record(dispositionDraft(deriveId, { phase: 'announced', ...words }))
  }

  /** Nothing is recorded before every question has its answer. */
  async function decide(order: DispositionOrder, manifest: Manifest): Promise<void> {
    const { plan, approval } = order
    if (!(await rows.mayRemove(ledger))) throw removalNotAllowed()
    const plan_sha256 = planDigest(plan)
    const at = await parts.time()
    const standing = await find(plan_sha256)
    const decision = judgeLeave(order, ledger, standing?.announced, at)
    refuseOtherPolicies(plan, judging)
    await refuseOvertakenSet()
    await refuseUnlessDue(manifest, at)
    const papers = [
      ...paperDrafts(deriveId, order.manifest, plan.manifest_sha256),
      ...paperDrafts(deriveId, formatPlan(plan), plan_sha256),
      ...('approval_sha256' in decision && approval !== undefined
        ? paperDrafts(deriveId, approval, decision.approval_sha256)
        : []),
    ]
    for (const draft of papers) await parts.record(draft)
    // It covers every record that goes, and is released outside the database.
    await parts.publish()
    await parts.record({ ...dispositionDraft(deriveId, decision), on_behalf_of: order.person })
  }

  // Whoever opened the ledger before others came into force judges by those of before.
  async function refuseOvertakenSet(): Promise<void> {
    if (await isOvertakenSet({ store, ledger }, judging.policy_set_sha256)) throw overtakenSet()
  }

  async function refuseUnlessDue(manifest: Manifest, at: UnixMillis): Promise<void> {
    const size = (await store.head(ledger))?.size ?? 0
    const notDue = await firstNotDue(judging, manifest, at, size)
    if (notDue !== undefined) throw outdated(notDue)
  }

  /** Everything behind the decision, from wherever it stands; answers what keeps objects of the archive standing that are not locked. */
  async function settle(plan_sha256: string): Promise<readonly LedgerError[]> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const faults = await step(plan_sha256)
      if (faults !== 'again') return faults
    }
    throw unfinished()
  }

  async function step(plan_sha256: string): Promise<readonly LedgerError[] | 'again'> {
    const records = await read()
    const standing = records.dispositions.find((one) => one.plan_sha256 === plan_sha256)
    const decided = standing?.decided
    if (decided === undefined || standing?.outcome?.told.phase === 'disposed') return []
    const papers = await openPapers(store, ledger, records, decided)
    // The rows say what became of it: a withdrawal that came behind their end is none.
    const outcome = standing?.outcome
    if (outcome !== undefined) return endObjects(papers, decided.seq, outcome.told)
    if (await isGone(papers)) {
      await parts.notes.destroyed(plan_sha256)
      await parts.endUnusedKeys()
      return recordOutcome(papers, decided.seq)
    }
    if (standing?.withdrawn !== undefined) {
      await parts.notes.withdrawn(plan_sha256)
      return []
    }
    await destroyRows(papers, { plan_sha256, announced: standing?.announced, decided }, records)
    return 'again'
  }

  /** All rows of a manifest go in one transaction: the first of them tells of all. */
  async function isGone({ plan, manifest }: DecidedPapers): Promise<boolean> {
    const [first = unreachable('a manifest lists a record')] = manifest.records
    const found = await stubAt(rows, ledger, first.seq)
    if (found === undefined) return false
    const { mark } = found.stub
    return mark.state === 'disposed' && mark.manifest === plan.manifest_sha256
  }

  async function destroyRows(
    { plan, manifest }: DecidedPapers,
    disposition: DecidedDisposition,
    records: DispositionRecords,
  ): Promise<void> {
    const { plan_sha256, decided } = disposition
    // The decision is released before anything is destroyed: no database that lacks it passes for this one.
    await parts.publish()
    const at = await parts.time()
    const size = (await store.head(ledger))?.size ?? 0
    await refuseOvertakenSet()
    const { manifest_sha256 } = plan
    const notDue = await firstNotDue(judging, manifest, at, size)
    if (notDue !== undefined) {
      const { because, seq } = notDue
      const words = { plan_sha256, manifest_sha256, decision_seq: decided.seq, because, seq }
      await parts.record(dispositionDraft(deriveId, { phase: 'withdrawn', ...words }))
      return
    }
    // Outside the database it is known before any row goes: a backup that has them all will be told.
    await parts.files.keep(plan_sha256, { certificate: '', ...(await decidedTexts(store, ledger, records, decided)) })
    await parts.notes.destroying(notedOf(ledger, disposition, plan.first_seq))
    const entries = manifest.records.map(({ seq, integrity_hash }) => ({
      seq,
      leaf: bytesOfHex(integrity_hash),
      mark: { state: 'disposed', manifest: manifest_sha256 } as const,
    }))
    try {
      await rows.replaceEntries(ledger, { entries, judged: { size, unless: JUDGED_BY } })
    } catch (error) {
      // Something was recorded by which it has to be judged anew.
      if (!(error instanceof LedgerError) || error.code !== 'removal-overtaken') throw error
    }
  }

  // What was archived since the plan was made goes too; what is archived meanwhile lets it find no place.
  async function recordOutcome(papers: DecidedPapers, decision_seq: number): Promise<'again'> {
    const size = (await store.head(ledger))?.size ?? 0
    const objects = await archivedObjects(parts, seqsOf(papers))
    const recorded = await parts.recordJudged(outcomeOf(papers, decision_seq, objects), size)
    if (recorded !== 'overtaken') await keepPapers(papers)
    return 'again'
  }

  // They stand on record before the first of them goes.
  async function endObjects(
    papers: DecidedPapers,
    decision_seq: number,
    before: Outcome,
  ): Promise<readonly LedgerError[]> {
    const { objects, faults } = await endArchived(parts, before)
    await parts.record(outcomeOf(papers, decision_seq, objects))
    await keepPapers(papers)
    return faults
  }

  function outcomeOf({ plan }: DecidedPapers, decision_seq: number, objects: readonly ArchivedObject[]): Draft {
    const { manifest_sha256, records } = plan
    const words = { plan_sha256: planDigest(plan), manifest_sha256, decision_seq, records, objects }
    return dispositionDraft(deriveId, { phase: stateOf(objects), ...words })
  }

  /** Now with its certificate. */
  async function keepPapers({ plan }: DecidedPapers): Promise<void> {
    const plan_sha256 = planDigest(plan)
    await parts.files.keep(plan_sha256, await papersOf(plan_sha256))
  }

  async function certify(plan_sha256: string): Promise<string> {
    const records = await read()
    const done = records.dispositions.find((one) => one.plan_sha256 === plan_sha256)
    if (done === undefined || !isDone(done)) throw withoutOutcome(plan_sha256, done)
    const { plan } = await openPapers(store, ledger, records, done.decided)
    return parts.sign(certificateText(await certificateOf(store, ledger, records, done, plan, clock.now())))
  }

  async function papersOf(plan_sha256: string): Promise<DispositionPapers> {
    const certificate = await certify(plan_sha256)
    const records = await read()
    const decided = records.dispositions.find((one) => one.plan_sha256 === plan_sha256)?.decided
    return { certificate, ...(await decidedTexts(store, ledger, records, decided ?? unreachable('it has an outcome'))) }
  }

  async function carryOut(order: DispositionOrder): Promise<CarriedOut> {
    refuseUnlessDisposer(order)
    refuseOtherLedger(order.plan, ledger)
    const manifest = manifestOf(order.plan, order.manifest)
    const plan_sha256 = planDigest(order.plan)
    const before = await find(plan_sha256)
    if (before?.decided === undefined) {
      if (order.approval === undefined && before?.announced === undefined) {
        await parts.timeToCountFrom()
        await announce(order)
        const standing = await standingOf(plan_sha256)
        const since = parseTimestamp(standing.recorded_at) ?? unreachable('a time of the ledger')
        return { state: 'announced', standing, waits_until: formatTimestamp(delayEnd(order.plan, since)) }
      }
      await decide(order, manifest)
    }
    const [fault] = await settle(plan_sha256)
    if (fault !== undefined) throw fault
    const standing = await standingOf(plan_sha256)
    if (standing.state === 'withdrawn') throw withdrawn(standing)
    return { state: 'done', standing, certificate: await certify(plan_sha256) }
  }

  async function standingOf(plan_sha256: string): Promise<DispositionStanding> {
    return standingIn((await find(plan_sha256)) ?? unreachable('a disposition that was recorded'))
  }

  async function standing(): Promise<readonly DispositionStanding[]> {
    const { dispositions, replays } = await read()
    return [...dispositions.map(standingIn), ...replays.map(replayIn)]
  }

  return {
    plan: (request) => planDisposition(parts, request),
    carryOut: (order) => inTurn(() => carryOut(order)),
    finish: () =>
      inTurn(async () => {
        const faults: LedgerError[] = []
        for (const { plan_sha256 } of (await read()).dispositions) faults.push(...(await settle(plan_sha256)))
        const [fault] = faults
        if (fault !== undefined) throw fault
        return standing()
      }),
    standing,
    certificate: (plan_sha256) => inTurn(() => certify(plan_sha256)),
    papers: (plan_sha256) => inTurn(() => papersOf(plan_sha256)),
  }
}

function seqsOf({ manifest }: DecidedPapers): readonly number[] {
  return manifest.records.map(({ seq }) => seq)
}

function isDone(disposition: RecordedDisposition): disposition is DoneDisposition {
  return disposition.decided !== undefined && disposition.outcome !== undefined
}

function withdrawn(standing: DispositionStanding): LedgerError {
  return refusedDisposition(
    'withdrawn',
    `the decision was withdrawn, ${whyWithdrawn(standing)}`,
    'make a new plan with affidavit dispose plan, and have that one approved',
  )
}

function whyWithdrawn({ because, because_of_seq }: DispositionStanding): string {
  return `because the record at seq ${because_of_seq} is not due (${because})`
}

function removalNotAllowed(): LedgerError {
  return refusedDisposition(
    'removal-not-allowed',
    'the role by which the database is opened may let no record leave it',
    'open it as the role of retention: affidavit migrate --retention ROLE, run as the owner, gives the right',
  )
}

function withoutOutcome(plan_sha256: string, disposition: RecordedDisposition | undefined): LedgerError {
  const standing = disposition === undefined ? undefined : standingIn(disposition)
  if (standing?.state === 'withdrawn')
    return new LedgerError('not-found', {
      problem: `the disposition of the plan ${plan_sha256} was withdrawn at seq ${standing.seq}, ${whyWithdrawn(standing)}: nothing was destroyed, and nothing is certified`,
      cure: 'what is due is planned anew with affidavit dispose plan',
    })
  return new LedgerError('not-found', {
    problem: `no disposition of the plan ${plan_sha256} has an outcome${standing === undefined ? '' : `; it is ${standing.state}`}`,
    cure: 'affidavit certificates lists those that have',
  })
}

function unfinished(): LedgerError {
  return new LedgerError('not-committed', {
    problem: 'others record what may change what is due, faster than this disposition is judged',
    cure: 'try again with affidavit dispose finish: nothing was destroyed yet',
  })
}
