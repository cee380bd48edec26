// The registry: text in, Registry out, or the fault by name (spec/registry.md §1). Pure.

import { type DocumentFormat, parseDocument } from '../documents/document.ts'
import { expectVersion, labelOf, membersOf, type Place } from '../documents/place.ts'
import { readDomains } from './read-domains.ts'
import { readFloors } from './read-floors.ts'
import { readPersonalIds } from './read-personal-ids.ts'
import { readRecipients, readRegions, readUnknownRecipients } from './read-recipients.ts'
import { readSources, readTools } from './read-tools.ts'
import type { Registry } from './registry.ts'

const SECTIONS = [
  'version',
  'revision',
  'domains',
  'tools',
  'sources',
  'agents',
  'channels',
  'recipients',
  'unknown_recipients',
  'regions',
  'personal_ids',
]

/**
 * Reads a registry. `file` is what faults call it; nothing is opened.
 * @throws DocumentFault `invalid-registry`, and nothing else, whatever the text is
 */
export function parseRegistry(text: string, format: DocumentFormat, file: string): Registry {
  return parseDocument('invalid-registry', { text, format, file }, readRegistry)
}

function readRegistry(whole: Place, digest: string): Registry {
  const member = membersOf(whole, SECTIONS)
  expectVersion(member('version'))
  const domains = readDomains(member('domains'))
  return {
    revision: labelOf(member('revision')),
    digest,
    tools: readTools(member('tools'), domains),
    sources: readSources(member('sources'), domains),
    agents: readFloors(member('agents'), domains),
    channels: readFloors(member('channels'), domains),
    recipients: readRecipients(member('recipients'), domains),
    unknown_recipients: readUnknownRecipients(member('unknown_recipients')),
    regions: readRegions(member('regions'), domains),
    personal_ids: readPersonalIds(member('personal_ids')),
    domains,
  }
}
