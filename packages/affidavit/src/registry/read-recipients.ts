// Recipients in a registry: who may be given what, under which agreement (spec/registry.md §5).

import { parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { Flaw } from '../documents/fault.ts'
import {
  entriesOf,
  isAbsent,
  labelOf,
  membersOf,
  oneOf,
  type Place,
  setOf,
  someItemsOf,
  textOf,
} from '../documents/place.ts'
import { type Domains, readDomainList, readKnownDomain } from './read-domains.ts'
import { readTable } from './read-table.ts'
import {
  AGREEMENT_KINDS,
  type Agreement,
  REACTIONS,
  RECIPIENT_KINDS,
  type Reaction,
  type Recipient,
} from './registry.ts'
import type { Table } from './table.ts'

const DAY = 86_400_000
/** Regions of one domain. */
const MAX_REGIONS = 32

export function readRecipients(section: Place, domains: Domains): Table<Recipient> {
  return readTable(section, (entry) => readRecipient(entry, domains))
}

/** What to do about a recipient that stands nowhere. */
export function readUnknownRecipients(place: Place): Reaction | undefined {
  return isAbsent(place) ? undefined : oneOf(place, REACTIONS)
}

/** By domain, where its data may go. */
export function readRegions(section: Place, domains: Domains): ReadonlyMap<string, readonly string[]> {
  return new Map(
    entriesOf(section).map(([domain, list]) => {
      someItemsOf(list, MAX_REGIONS)
      return [readKnownDomain({ path: list.path, value: domain }, domains), setOf(list, MAX_REGIONS, labelOf)]
    }),
  )
}

function readRecipient(entry: Place, domains: Domains): Recipient {
  const member = membersOf(entry, ['kind', 'agreement', 'region', 'compliance_domains', 'on_violation'])
  const agreement = member('agreement')
  const region = member('region')
  return {
    kind: oneOf(member('kind'), RECIPIENT_KINDS),
    agreement: isAbsent(agreement) ? undefined : readAgreement(agreement),
    region: isAbsent(region) ? undefined : labelOf(region),
    compliance_domains: readDomainList(member('compliance_domains'), domains),
    on_violation: oneOf(member('on_violation'), REACTIONS),
  }
}

function readAgreement(place: Place): Agreement {
  const member = membersOf(place, ['kind', 'reference', 'valid_from', 'valid_until'])
  const begins = readDay(member('valid_from'))
  const lastDay = readDay(member('valid_until'))
  if (begins !== undefined && lastDay !== undefined && lastDay < begins) {
    throw new Flaw(member('valid_until').path, 'is before valid_from: it ends before it begins', 'mend one of the two')
  }
  return {
    kind: oneOf(member('kind'), AGREEMENT_KINDS),
    reference: labelOf(member('reference')),
    begins,
    ends: lastDay === undefined ? undefined : lastDay + DAY,
  }
}

function readDay(place: Place): UnixMillis | undefined {
  if (isAbsent(place)) return undefined
  const day = parseTimestamp(`${textOf(place)}T00:00:00.000Z`)
  if (day === undefined) throw new Flaw(place.path, 'is no day of the calendar', 'write it as 2026-11-21')
  return day
}
