// What an operator decided about built-in policies: lengthened, changed, adopted (spec/retention.md §1). Nothing is shortened silently.

import { Flaw } from '../documents/fault.ts'
import { isAbsent, labelOf, membersOf, oneOf, type Place, textOf } from '../documents/place.ts'
import { DEFAULT_POLICY } from './policies/presets.ts'
import type { Period, RetentionPolicy } from './policy.ts'
import { endsEarlier, readPeriod, readScopes } from './read-period.ts'
import { checkPeriods } from './read-policy.ts'

type Known = ReadonlyMap<string, RetentionPolicy>

export function readExtension(item: Place, known: Known): RetentionPolicy {
  const member = membersOf(item, ['policy', 'minimum'])
  const policy = readBuiltIn(member('policy'), known)
  if (policy.minimum === undefined)
    throw new Flaw(member('policy').path, 'has no minimum to lengthen', 'write a policy of your own beside it')
  const extension = needed(readPeriod(member('minimum')), member('minimum'))
  if (endsEarlier(extension, policy.minimum)) {
    throw new Flaw(
      member('minimum').path,
      `is shorter than ${policy.id} says`,
      'to shorten it is a decision: write it under override, with reason and decided_by',
    )
  }
  if (policy.maximum !== undefined && endsEarlier(policy.maximum, extension))
    throw new Flaw(
      member('minimum').path,
      `ends behind the maximum of ${policy.id}`,
      'make it shorter, or override the maximum',
    )
  return { ...policy, extension }
}

export function readOverride(item: Place, known: Known): RetentionPolicy {
  const member = membersOf(item, ['policy', 'minimum', 'maximum', 'at_end', 'reason', 'decided_by'])
  const policy = readBuiltIn(member('policy'), known)
  const minimum = readPeriod(member('minimum'))
  const maximum = readPeriod(member('maximum'))
  const at_end = isAbsent(member('at_end')) ? undefined : oneOf(member('at_end'), ['destroy', 'keep'] as const)
  if (minimum === undefined && maximum === undefined && at_end === undefined)
    throw new Flaw(item.path, 'overrides nothing', 'give it a minimum, a maximum or at_end')
  const { without_minimum, ...others } = policy
  const overridden: RetentionPolicy = {
    ...(minimum === undefined ? policy : { ...others, minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(at_end === undefined ? {} : { at_end }),
    overridden: {
      reason: labelOf(member('reason')),
      decided_by: labelOf(member('decided_by')),
      instead_of: {
        ...(policy.minimum === undefined ? {} : { minimum: policy.minimum }),
        ...(policy.maximum === undefined ? {} : { maximum: policy.maximum }),
        ...(policy.at_end === undefined ? {} : { at_end: policy.at_end }),
      },
    },
  }
  checkPeriods(overridden, item.path)
  return overridden
}

export function readAdoption(item: Place, known: Known): RetentionPolicy {
  const member = membersOf(item, ['policy', 'applies_to'])
  const policy = readBuiltIn(member('policy'), known)
  const scopes = readScopes(member('applies_to'))
  const before = policy.applies_to === 'when-adopted' ? [] : policy.applies_to
  return { ...policy, status: { state: 'adopted' }, applies_to: [...before, ...scopes] }
}

function readBuiltIn(place: Place, known: Known): RetentionPolicy {
  const policy = known.get(textOf(place))
  if (policy === undefined) throw new Flaw(place.path, 'is no built-in policy', 'affidavit policies lists them')
  if (policy.id !== DEFAULT_POLICY.id) return policy
  throw new Flaw(place.path, 'applies to what nobody classified, and to nothing else', 'write a policy of your own')
}

function needed(period: Period | undefined, { path }: Place): Period {
  if (period !== undefined) return period
  throw new Flaw(path, 'is missing', 'write value, unit and anchors')
}
