// The operator's set of retention policies: text in, PolicySet out, or the fault by name (spec/retention.md §1). Pure.

import { type DocumentFormat, parseDocument } from '../documents/document.ts'
import { Flaw } from '../documents/fault.ts'
import { expectVersion, isAbsent, itemsOf, labelOf, membersOf, type Place, textOf } from '../documents/place.ts'
import { BUILT_IN_POLICIES } from './built-in.ts'
import { isCalendarDay, timeZoneNamed } from './calendar.ts'
import type { RetentionPolicy } from './policy.ts'
import { type PolicySet, policySet } from './policy-set.ts'
import { readAdoption, readExtension, readOverride } from './read-decisions.ts'
import { readPolicy } from './read-policy.ts'

const SECTIONS = [
  'version',
  'revision',
  'time_zone',
  'fiscal_year_end',
  'time_source',
  'policies',
  'extend',
  'override',
  'adopt',
]

/** Items of one section. */
const MAX_ITEMS = 500

/**
 * Reads a set. `file` is what faults call it; nothing is opened.
 * @throws DocumentFault `invalid-retention-set`, and nothing else, whatever the text is
 */
export function parseRetentionSet(text: string, format: DocumentFormat, file: string): PolicySet {
  return parseDocument('invalid-retention-set', { text, format, file }, readSet)
}

function readSet(whole: Place): PolicySet {
  const member = membersOf(whole, SECTIONS)
  expectVersion(member('version'))
  return policySet({
    revision: labelOf(member('revision')),
    time_zone: readZone(member('time_zone')),
    fiscal_year_end: readFiscalYearEnd(member('fiscal_year_end')),
    time_source: readTimeSource(member('time_source')),
    policies: readPolicies(member),
  })
}

function readPolicies(member: (name: string) => Place): readonly RetentionPolicy[] {
  const policies = new Map(BUILT_IN_POLICIES.map((policy) => [policy.id, policy]))
  const decide = (
    section: string,
    read: (item: Place, policies: ReadonlyMap<string, RetentionPolicy>) => RetentionPolicy,
  ): void => {
    const decided = new Set<string>()
    for (const item of itemsOf(member(section), MAX_ITEMS)) {
      const policy = read(item, policies)
      if (decided.has(policy.id))
        throw new Flaw(item.path, `${policy.id} stands twice in this list`, 'make one of the two')
      decided.add(policy.id)
      policies.set(policy.id, policy)
    }
  }
  decide('override', readOverride)
  decide('extend', readExtension)
  decide('adopt', readAdoption)
  decide('policies', readPolicy)
  return [...policies.values()]
}

function readZone(place: Place): string {
  if (isAbsent(place)) return 'UTC'
  const name = textOf(place)
  const known = timeZoneNamed(name)
  if (known === name) return name
  if (known !== undefined) throw new Flaw(place.path, 'is not how the time zone database writes it', `write ${known}`)
  throw new Flaw(place.path, 'is no time zone', 'write a name of the IANA time zone database, such as America/New_York')
}

function readFiscalYearEnd(place: Place): string | undefined {
  if (isAbsent(place)) return undefined
  const text = textOf(place)
  if (/^\d{2}-\d{2}$/.test(text) && isCalendarDay(`2024-${text}`)) return text
  throw new Flaw(
    place.path,
    'is no day of the year',
    'write month and day, such as "12-31"; "02-29" is the end of February',
  )
}

// The form is that of spec/time.md §1; whoever asks the source reads it once more.
function readTimeSource(place: Place): string | undefined {
  if (isAbsent(place)) return undefined
  const text = textOf(place)
  const url = URL.parse(text)
  if (url?.username || url?.password)
    throw new Flaw(place.path, 'has credentials in it', 'name a server that tells the time to anybody')
  const isWeb = url?.protocol === 'https:' && url.hash === ''
  const isNtp = url?.protocol === 'ntp:' && url.hostname !== '' && /^ntp:\/\/[^/?#]+\/?$/.test(text)
  if (isWeb || isNtp) return text
  throw new Flaw(
    place.path,
    'is no source of time',
    'write one such as https://www.example.org or ntp://ntp.example.org',
  )
}
