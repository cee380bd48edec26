// The registry: text in, Registry out, or the fault by name (spec/registry.md §1). Pure.

import { canonicalJson, JsonFault, type JsonValue } from '../bytes/json.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { flawOf, REGISTRY_JSON, type RegistryFormat, readDocument } from './document.ts'
import { Flaw, RegistryFault } from './fault.ts'
import { labelOf, membersOf, type Place } from './place.ts'
import { readDomains } from './read-domains.ts'
import { readFloors } from './read-floors.ts'
import { readPersonalIds } from './read-personal-ids.ts'
import { readRecipients, readUnknownRecipients } from './read-recipients.ts'
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
  'personal_ids',
]

/**
 * Reads a registry. `file` is what faults call it; nothing is opened.
 * @throws RegistryFault, and nothing else, whatever the text is
 */
export function parseRegistry(text: string, format: RegistryFormat, file: string): Registry {
  let lineOf = (_path: string): number | undefined => undefined
  try {
    const document = readDocument(text, format)
    lineOf = document.lineOf
    return readRegistry(document.value)
  } catch (error) {
    const flaw = error instanceof JsonFault ? flawOf(error) : error
    if (!(flaw instanceof Flaw)) throw error
    throw new RegistryFault(file, flaw.line ?? lineOf(flaw.path), flaw)
  }
}

function readRegistry(value: JsonValue): Registry {
  // First of all: it also refuses text that no record could carry.
  const digest = sha256Hex(canonicalJson(value, REGISTRY_JSON))
  const member = membersOf({ path: '', value }, SECTIONS)
  checkVersion(member('version'))
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
    personal_ids: readPersonalIds(member('personal_ids')),
    domains,
  }
}

function checkVersion({ value, path }: Place): void {
  if (value === 1) return
  const problem = value === undefined ? 'is missing' : 'is no version that this release reads'
  throw new Flaw(path, problem, 'write version: 1')
}
