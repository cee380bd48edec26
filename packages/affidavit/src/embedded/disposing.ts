// Dispositions for who embeds a ledger: what affidavit dispose and certificates do, in somebody's name (spec/disposition.md §5).

import { utf8 } from '../bytes/text.ts'
import type { UnixMillis } from '../clock/clock.ts'
import type { DispositionPapers } from '../disposition/disposition-papers.ts'
import { parseManifest } from '../disposition/manifest.ts'
import { type DispositionPlan, formatPlan, parsePlan, planDigest } from '../disposition/plan.ts'
import type { CarriedOut } from '../ledger/dispose.ts'
import type { DispositionStanding } from '../ledger/disposition-standing.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Reader } from '../ledger/reader.ts'
import type { Copy } from '../papers/copies.ts'
import { type AccessPlace, expectAccess } from './access.ts'
import { noSuchPaper } from './approvable.ts'
import { noteOf } from './approve.ts'
import { viewed } from './viewed.ts'

/** What is to be planned; everything that is due where nothing is said. */
export interface DispositionAsked {
  /** What is due then, in milliseconds since 1970, UTC; now where left out. */
  readonly at?: UnixMillis
  /** The id of a retention policy: only records that it applies to. */
  readonly retention_policy?: string
  /** Where nobody else may approve: the days, at least 7, for which the plan stands on record instead. 0 where left out: another person approves. */
  readonly delay_days?: number
  /** Copies of the database and of its archive that are known of. */
  readonly copies?: readonly Copy[]
  /** Told now and then how many of how many records are judged. */
  readonly onProgress?: (judged: number, records: number) => void
}

/** Both papers, as they are handed to the approver, and back to `run`; keep them outside the database. */
export interface DispositionPlanned {
  readonly says: DispositionPlan
  readonly plan_sha256: string
  /** Its bytes: what `approve` takes. */
  readonly plan: Uint8Array
  /** Bytes of the list of what goes. */
  readonly manifest: Uint8Array
}

export interface DispositionOrdered extends Pick<DispositionPlanned, 'plan' | 'manifest'> {
  /** The signed note of `approve`; left out where a delay on record takes its place. */
  readonly approval?: Uint8Array | string
}

export interface LedgerDispositions {
  /**
   * Writes down what is due, for somebody else to approve, for who may `plan-disposition`. Destroys nothing. That it was looked at is on record before it is answered.
   * @throws LedgerError `invalid-query`: nothing is due, or this person may not plan it
   */
  plan(asked?: DispositionAsked): Promise<DispositionPlanned>
  /**
   * Destroys what the plan lists, by the leave that comes with it, for who may `dispose`; or puts a plan on record that waits for its delay. Again, it goes on where it stopped, or certifies anew.
   * @throws LedgerError `invalid-query`: nothing was destroyed; `time-unavailable`; else what keeps it from being finished
   */
  run(order: DispositionOrdered): Promise<CarriedOut>
  /** Goes on with all that was decided and is not over. @throws LedgerError what keeps it from being finished */
  finish(): Promise<readonly DispositionStanding[]>
  /** Where each stands. On record before it is answered. */
  status(): Promise<readonly DispositionStanding[]>
  /**
   * The signed certificate with what it is held against: `judgePapers` of `affidavit/verify` judges them. On record before it is answered.
   * @throws LedgerError `not-found` where no disposition of this plan has an outcome
   */
  papers(plan_sha256: string): Promise<DispositionPapers>
}

export function createLedgerDispositions(
  ledger: Pick<Ledger, 'dispositions' | 'as'>,
  place: AccessPlace,
  by: Reader,
): LedgerDispositions {
  const { dispositions } = ledger
  const person = by.actor_id

  return {
    async plan({ delay_days = 0, copies = [], ...asked } = {}) {
      const { plan: says, manifest } = await dispositions.plan({
        ...asked,
        delay_days,
        copies,
        person,
        policy: expectAccess(place),
      })
      const plan_sha256 = planDigest(says)
      const stay = says.stays.flatMap(({ sample }) => sample)
      const details = { plan_sha256, as_of_seq: says.as_of_seq }
      await viewed(ledger, by, { operation: 'dispose plan', details, results: [...seqsIn(manifest), ...stay] })
      return { says, plan_sha256, plan: formatPlan(says), manifest }
    },
    async run({ plan: bytes, manifest, approval }) {
      const plan = parsePlan(bytes)
      if ('code' in plan) throw noSuchPaper('no plan of a disposition', plan)
      const leave = approval === undefined ? {} : { approval: noteOf(approval) }
      return await dispositions.carryOut({ plan, manifest, ...leave, person, policy: expectAccess(place) })
    },
    finish: () => dispositions.finish(),
    async status() {
      const standings = await dispositions.standing()
      await viewed(ledger, by, { operation: 'dispose status', results: standings.map(({ seq }) => seq) })
      return standings
    },
    async papers(plan_sha256) {
      const papers = await dispositions.papers(plan_sha256)
      const results = seqsIn(utf8(papers.manifest))
      await viewed(ledger, by, { operation: 'certificate', details: { plan_sha256 }, results })
      return papers
    },
  }
}

function seqsIn(manifest: Uint8Array): readonly number[] {
  const listed = parseManifest(manifest)
  return 'code' in listed ? [] : listed.records.map(({ seq }) => seq)
}
