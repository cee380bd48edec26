// The questions of an auditor, asked in a reader's name (spec/authority.md §7).

import type { Reading } from '../ledger/reading.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import { type Gaps, type GapsWithin, gaps } from './gaps.ts'
import { type Grants, type GrantsAbout, grants } from './grants.ts'
import { type HoldsAsked, type HoldsFound, holds } from './holds.ts'
import { type Lineage, lineage } from './lineage.ts'
import { type PlanAsked, type RetentionPlan, retentionPlan } from './retention-plan.ts'
import { type RetentionStory, retentionStory, type StoryAsked } from './retention-story.ts'
import { type Versions, type VersionsOf, versions } from './versions.ts'

/** Each is on record, with what its answer shows, before it is answered. */
export interface Questions {
  /**
   * What a record came from, by its id or seq: of an answer the question, and what was done in between.
   * @throws LedgerError `not-allowed`, `not-found`
   */
  lineage(which: string | number): Promise<Lineage>
  /** Who approved which access, and what was accessed without. @throws LedgerError `not-allowed`, `invalid-query` */
  grants(about?: Partial<GrantsAbout>): Promise<Grants>
  /** The prompts and models of an agent, and what it answered under each. @throws LedgerError `not-allowed`, `invalid-query` */
  versions(of: Omit<VersionsOf, 'limit'> & Partial<VersionsOf>): Promise<Versions>
  /** What is not on record, as far as that can be seen. @throws LedgerError `not-allowed`, `invalid-query` */
  gaps(within?: Partial<GapsWithin>): Promise<Gaps>
  /** Which holds were placed, which stand, and how many records each binds. @throws LedgerError `not-allowed` */
  holds(asked?: HoldsAsked): Promise<HoldsFound>
  /** What becomes of every record by these policies. @throws LedgerError `not-allowed` */
  retentionPlan(set: PolicySet, asked?: Partial<PlanAsked>): Promise<RetentionPlan>
  /**
   * How long a record is kept by these policies, by its id or seq.
   * @throws LedgerError `not-allowed`, `not-found`
   */
  retentionStory(set: PolicySet, which: string | number, asked?: StoryAsked): Promise<RetentionStory>
}

/** Records that a plan shows of each state where nobody says how many. */
export const DEFAULT_EXAMPLES = 3

/** Items of a list where nobody says how many. */
export const DEFAULT_LIMIT = 200

export function questionsOf({ ask, missing }: Pick<Reading, 'ask' | 'missing'>): Questions {
  return {
    async lineage(which) {
      const found = await ask(lineage(which))
      if (found === undefined) throw await missing(which)
      return found
    },
    grants: (about = {}) => ask(grants({ show: 'all', limit: DEFAULT_LIMIT, ...about })),
    versions: (of) => ask(versions({ limit: DEFAULT_LIMIT, ...of })),
    gaps: (within = {}) => ask(gaps({ limit: DEFAULT_LIMIT, ...within })),
    holds: (asked = {}) => ask(holds(asked)),
    retentionPlan: (set, asked = {}) => ask(retentionPlan(set, { limit: DEFAULT_EXAMPLES, ...asked })),
    async retentionStory(set, which, asked = {}) {
      const found = await ask(retentionStory(set, which, asked))
      if (found === undefined) throw await missing(which)
      return found
    },
  }
}
