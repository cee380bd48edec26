// Compliance domains in a registry: an application's own, and the lists that name domains (spec/registry.md §3).

import { Flaw } from '../documents/fault.ts'
import { entriesOf, flagOf, isAbsent, labelOf, membersOf, type Place, setOf, wordOf } from '../documents/place.ts'
import type { Classification } from '../formats/fields.ts'
import { BUILT_IN_DOMAINS, type Domain } from './domains.ts'

export type Domains = ReadonlyMap<string, Domain>

/** Domains of one list. */
const MAX_DOMAINS = 32

/** All that the registry knows: the built-in ones and its own. */
export function readDomains(section: Place): Domains {
  const own = entriesOf(section).map(([name, entry]) => [readOwnName(name, entry), readDomain(entry)] as const)
  return new Map([...BUILT_IN_DOMAINS, ...own])
}

function readOwnName(name: string, { path }: Place): string {
  const word = wordOf({ path, value: name })
  if (!BUILT_IN_DOMAINS.has(word)) return word
  throw new Flaw(path, 'is a built-in domain already', 'leave it out, or choose another word')
}

function readDomain(entry: Place): Domain {
  const member = membersOf(entry, ['title', 'guards_data'])
  const guards = member('guards_data')
  return { title: labelOf(member('title')), guards_data: isAbsent(guards) ? true : flagOf(guards) }
}

/** A list of known domains, sorted; empty where it is left out. */
export function readDomainList(list: Place, domains: Domains): readonly string[] {
  return [...setOf(list, MAX_DOMAINS, (item) => readKnownDomain(item, domains))].sort()
}

/** @throws Flaw where nobody says what the domain is */
export function readKnownDomain(item: Place, domains: Domains): string {
  const word = wordOf(item)
  if (domains.has(word)) return word
  throw new Flaw(item.path, 'is an unknown domain', 'name it under domains, with its title')
}

/** @throws Flaw where data is said to be public and under rules that guard it */
export function refusePublic(
  classification: Classification,
  list: Place,
  words: readonly string[],
  all: Domains,
): void {
  if (classification !== 'public') return
  const guarding = words.find((word) => all.get(word)?.guards_data === true)
  if (guarding === undefined) return
  throw new Flaw(
    list.path,
    `${guarding} guards this data, and it is classified public`,
    'raise the one or drop the other',
  )
}
