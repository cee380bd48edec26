// Floors in a registry: what an agent or a channel never falls below (spec/registry.md §2).

import { isAbsent, membersOf, oneOf, type Place } from '../documents/place.ts'
import { CLASSIFICATIONS, type Classification } from '../formats/fields.ts'
import { type Domains, readDomainList, refusePublic } from './read-domains.ts'
import { readTable } from './read-table.ts'
import type { Floor } from './registry.ts'
import type { Table } from './table.ts'

/** Where nothing is said, people talk: what they say is not for everybody. */
export const DEFAULT_FLOOR: Classification = 'confidential'

export function readFloors(section: Place, domains: Domains): Table<Floor> {
  return readTable(section, (entry) => readFloor(entry, domains))
}

function readFloor(entry: Place, domains: Domains): Floor {
  const member = membersOf(entry, ['data_classification', 'compliance_domains'])
  const classification = member('data_classification')
  const data_classification = isAbsent(classification) ? DEFAULT_FLOOR : oneOf(classification, CLASSIFICATIONS)
  const list = member('compliance_domains')
  const compliance_domains = readDomainList(list, domains)
  refusePublic(data_classification, list, compliance_domains, domains)
  return { data_classification, compliance_domains }
}
