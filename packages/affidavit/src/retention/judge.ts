// What the policies say of a record (spec/retention.md §4). Pure and total: every record has a judgement.

import type { UnixMillis } from '../clock/clock.ts'
import { policiesFor } from './applies.ts'
import { earliest, endsBefore, latest } from './bounds.ts'
import { type Counting, countPeriod } from './count-period.ts'
import type { AppliedPolicy, Counted, JudgedRecord, Judgement, KnownAnchors, Span } from './judgement.ts'
import { DEFAULT_POLICY } from './policies/presets.ts'
import type { Part, RetentionPolicy } from './policy.ts'
import type { PolicySet } from './policy-set.ts'

/** `at`: rules come into force, and are rescinded. */
export function judge(record: JudgedRecord, anchors: KnownAnchors, set: PolicySet, at: UnixMillis): Judgement {
  const counting = { record, anchors, set }
  const applied = policiesFor(record, set, at).map((policy) => apply(policy, counting))
  const envelope = spanOf(applied, 'envelope')
  const ofContent = spanOf(applied, 'content')
  return {
    applied: envelope.classified ? applied : [...applied, { policy: DEFAULT_POLICY }],
    spans: { envelope, content: ofContent.classified ? ofContent : envelope },
    available: latest(applied.flatMap((one) => availabilityOf(one, counting))),
  }
}

function apply(policy: RetentionPolicy, counting: Counting): AppliedPolicy {
  const { minimum, extension, maximum } = policy
  return {
    policy,
    ...(minimum === undefined ? {} : { minimum: countPeriod(counting, minimum, 'minimum') }),
    ...(extension === undefined ? {} : { extension: countPeriod(counting, extension, 'minimum') }),
    ...(maximum === undefined ? {} : { maximum: countPeriod(counting, maximum, 'maximum') }),
  }
}

function minimumsOf({ minimum, extension }: AppliedPolicy): readonly Counted[] {
  return [minimum, extension].filter((counted) => counted !== undefined)
}

function spanOf(applied: readonly AppliedPolicy[], part: Exclude<Part, 'record'>): Span {
  const setting = applied.filter(({ policy }) => policy.part === part || policy.part === 'record')
  const minimum = latest(setting.flatMap(minimumsOf))
  const maximum = earliest(setting.flatMap((one) => one.maximum ?? []))
  return {
    classified: minimum.state !== 'none' || maximum.state !== 'none',
    minimum,
    maximum,
    conflict: endsBefore(maximum, minimum),
    at_end: atEnd(setting),
  }
}

function atEnd(setting: readonly AppliedPolicy[]): Span['at_end'] {
  if (setting.some(({ policy }) => policy.at_end === 'keep')) return 'keep'
  return setting.some(({ policy }) => policy.at_end === 'destroy') ? 'destroy' : 'unsaid'
}

function availabilityOf(applied: AppliedPolicy, counting: Counting): readonly Counted[] {
  const { availability } = applied.policy
  if (availability === undefined) return []
  return availability === 'whole_period' ? minimumsOf(applied) : [countPeriod(counting, availability, 'minimum')]
}
