// Erasures for who embeds a ledger: what affidavit erase and certificates do, in somebody's name (spec/erasure.md §4).

import { type ErasurePlan, formatPlan, parsePlan, planDigest } from '../erasure/plan.ts'
import type { ErasureStanding, Erasures } from '../ledger/erase.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ErasureRequest } from '../ledger/plan-erasure.ts'
import type { Reader } from '../ledger/reader.ts'
import type { Copy } from '../papers/copies.ts'
import { type AccessPlace, expectAccess } from './access.ts'
import { noSuchPaper } from './approvable.ts'
import { noteOf } from './approve.ts'
import { viewed } from './viewed.ts'

/** Whose content is to go, and why; copies that are known of. */
export type ErasureAsked = Omit<ErasureRequest, 'person' | 'policy'>

/** As it is handed to the approver, and back to `run`. */
export interface ErasurePlanned {
  readonly says: ErasurePlan
  readonly plan_sha256: string
  /** Its bytes: what `approve` takes. */
  readonly plan: Uint8Array
}

export interface LedgerErasures {
  /**
   * Writes down what would become unreadable, for somebody else to approve, for who may `plan-erasure`. Erases nothing. That it was looked at is on record before it is answered.
   * @throws LedgerError `invalid-query`, `not-found` where nobody is behind an id
   */
  plan(asked: ErasureAsked): Promise<ErasurePlanned>
  /**
   * Carries an approved plan out, for who may `erase`, and answers the signed certificate. Again, it goes on where it stopped, or certifies anew.
   * @throws LedgerError `invalid-query`: nothing was changed; else what keeps it from being finished
   */
  run(order: {
    readonly plan: Uint8Array
    readonly approval: Uint8Array | string
  }): Promise<{ readonly certificate: string; readonly standing: ErasureStanding }>
  /** Goes on with all that is not over, and destroys key-encryption keys that a rotation left standing. */
  finish(): Promise<readonly ErasureStanding[]>
  /** Records what became of copies, each in its new state. @throws LedgerError `not-found` */
  tellCopies(copies: readonly Copy[]): Promise<readonly ErasureStanding[]>
  /** Where each stands. On record before it is answered. */
  status(): Promise<readonly ErasureStanding[]>
  /** The signed certificate, with what it is held against. On record before it is answered. @throws LedgerError `not-found` */
  papers(plan_sha256: string): ReturnType<Erasures['papers']>
}

export function createLedgerErasures(
  ledger: Pick<Ledger, 'erasures' | 'as'>,
  place: AccessPlace,
  by: Reader,
): LedgerErasures {
  const { erasures } = ledger
  const person = by.actor_id

  return {
    async plan(asked) {
      const says = await erasures.plan({ ...asked, person, policy: expectAccess(place) })
      const plan_sha256 = planDigest(says)
      const details = { plan_sha256, as_of_seq: says.as_of_seq }
      await viewed(ledger, by, { operation: 'erase plan', details, results: seqsShown(says) })
      return { says, plan_sha256, plan: formatPlan(says) }
    },
    async run({ plan: bytes, approval }) {
      const plan = parsePlan(bytes)
      if ('code' in plan) throw noSuchPaper('no plan of an erasure', plan)
      return await erasures.carryOut({ plan, approval: noteOf(approval), person, policy: expectAccess(place) })
    },
    finish: () => erasures.finish(),
    tellCopies: (copies) => erasures.tellCopies(copies),
    async status() {
      const standings = await erasures.standing()
      const results = standings.map(({ decision_seq, outcome_seq = decision_seq }) => outcome_seq)
      await viewed(ledger, by, { operation: 'erase status', results })
      return standings
    },
    async papers(plan_sha256) {
      const papers = await erasures.papers(plan_sha256)
      const results = seqsShown(papers.plan)
      await viewed(ledger, by, { operation: 'certificate', details: { plan_sha256 }, results })
      return papers
    },
  }
}

function seqsShown({ sample, shared, damaged_sample, refused }: ErasurePlan): readonly number[] {
  return [...sample, ...damaged_sample, ...[...shared, ...refused].map(({ seq }) => seq)]
}
