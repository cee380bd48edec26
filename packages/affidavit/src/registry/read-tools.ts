// Tools and sources in a registry: what a call of them touches (spec/registry.md §2).

import { canonicalJson } from '../bytes/json.ts'
import { DOCUMENT_JSON } from '../documents/document.ts'
import { Flaw } from '../documents/fault.ts'
import {
  isAbsent,
  itemsOf,
  labelOf,
  membersOf,
  oneOf,
  type Place,
  someItemsOf,
  textOf,
  wordOf,
} from '../documents/place.ts'
import { ACCESSES, CLASSIFICATIONS } from '../formats/fields.ts'
import { type Locator, PARTS, parseWay } from './locate.ts'
import { type Domains, readDomainList, refusePublic } from './read-domains.ts'
import { readTable } from './read-table.ts'
import { SOURCE_KINDS, type Source, TOOL_KINDS, type Tool, type Touch } from './registry.ts'
import type { Table } from './table.ts'

/** Touches of one call, and locators of one kind of id. */
const MAX_TOUCHES = 32
const MAX_LOCATORS = 8

export function readTools(section: Place, domains: Domains): Table<Tool> {
  return readTable(section, (entry) => readTool(entry, domains))
}

export function readSources(section: Place, domains: Domains): Table<Source> {
  return readTable(section, (entry) => readSource(entry, domains))
}

function readTool(entry: Place, domains: Domains): Tool {
  const member = membersOf(entry, ['kind', 'touches', 'approver', 'decision'])
  const kind = member('kind')
  if (!isAbsent(kind) && oneOf(kind, TOOL_KINDS) === 'approval_request') return readApproval(entry, domains)
  for (const place of [member('approver'), member('decision')]) {
    if (isAbsent(place)) continue
    throw new Flaw(place.path, 'has a meaning only where kind is approval_request', 'leave it out')
  }
  return readSource(entry, domains)
}

function readApproval(entry: Place, domains: Domains): Tool {
  const member = membersOf(entry, ['kind', 'touches', 'approver', 'decision'])
  const approver = someItemsOf(member('approver'), MAX_LOCATORS).map(readLocator)
  const touches = member('touches')
  return {
    kind: 'approval_request',
    approver,
    decision: readLocator(needed(member('decision'), 'say where the decision stands')),
    touches: isAbsent(touches) ? [] : readTouches(touches, domains),
  }
}

function readSource(entry: Place, domains: Domains): Source {
  const member = membersOf(entry, ['kind', 'touches'])
  const kind = member('kind')
  const touches = member('touches')
  if (isAbsent(kind) || oneOf(kind, SOURCE_KINDS) === 'touches') {
    return { kind: 'touches', touches: readTouches(needed(touches, 'say what a call touches, or kind: none'), domains) }
  }
  if (isAbsent(touches)) return { kind: 'none' }
  throw new Flaw(
    touches.path,
    'is said of something of kind none, which touches no data',
    'leave out the one or the other',
  )
}

function needed(place: Place, cure: string): Place {
  if (!isAbsent(place)) return place
  throw new Flaw(place.path, 'is missing', cure)
}

function readTouches(list: Place, domains: Domains): readonly Touch[] {
  const written = new Set<string>()
  return someItemsOf(list, MAX_TOUCHES).map((item) => {
    const text = canonicalJson(item.value, DOCUMENT_JSON)
    if (written.has(text)) throw new Flaw(item.path, 'stands twice in this list', 'keep one of the two')
    written.add(text)
    return readTouch(item, domains)
  })
}

const TOUCH = [
  'access',
  'resource_type',
  'resource_id',
  'subject_ids',
  'data_classification',
  'compliance_domains',
  'retention_class',
  'purpose',
]

function readTouch(item: Place, domains: Domains): Touch {
  const member = membersOf(item, TOUCH)
  const classification = member('data_classification')
  const data_classification = isAbsent(classification) ? 'restricted' : oneOf(classification, CLASSIFICATIONS)
  const list = member('compliance_domains')
  const compliance_domains = readDomainList(list, domains)
  refusePublic(data_classification, list, compliance_domains, domains)
  return {
    access: oneOf(member('access'), ACCESSES),
    resource_type: wordOf(member('resource_type')),
    resource_id: optional(member('resource_id'), readLocator),
    subject_ids: itemsOf(member('subject_ids'), MAX_LOCATORS).map(readLocator),
    data_classification,
    compliance_domains,
    retention_class: optional(member('retention_class'), wordOf),
    purpose: optional(member('purpose'), labelOf),
  }
}

function optional<Value>(place: Place, read: (place: Place) => Value): Value | undefined {
  return isAbsent(place) ? undefined : read(place)
}

function readLocator(place: Place): Locator {
  const member = membersOf(place, ['from', 'at'])
  const from = oneOf(member('from'), PARTS)
  const written = member('at')
  // The empty pointer is the whole part, and no label.
  const at = textOf(written) === '' ? '' : labelOf(written)
  const way = parseWay(at)
  if (!('problem' in way)) return { from, at, way }
  throw new Flaw(written.path, way.problem, 'write a JSON Pointer, /patient/id, or a JSONPath, $.patients[*].id')
}
