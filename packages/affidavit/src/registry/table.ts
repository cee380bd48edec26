// Names and prefixes of a registry, and which entry speaks of a name: its own, else the longest prefix (spec/registry.md §2).

import { lacksItsSlashes } from '../formats/recipient.ts'
import { hasAuthority, isUri, uriName } from './uri.ts'

export interface Named<Entry> {
  /** As the registry writes it: `ehr.get_chart`, `ehr.*`. */
  readonly name: string
  readonly entry: Entry
}

export interface Table<Entry> {
  readonly exact: ReadonlyMap<string, Named<Entry>>
  /** By prefix, the longest first. */
  readonly prefixes: readonly (readonly [prefix: string, named: Named<Entry>])[]
  /** All, in the order of the file. */
  readonly all: readonly Named<Entry>[]
}

/** Why a name stands for nothing or for too much; `undefined` where it is one name, or a prefix with a star behind it. */
export function patternProblem(name: string): string | undefined {
  const star = name.indexOf('*')
  if (name === '*') return 'would know everything, and so nothing would be unclassified'
  if (star !== -1 && star < name.length - 1) return 'has a star before its end'
  // It is no name that a record could have.
  if (lacksItsSlashes(name)) return 'is spelled unusually; a URI begins like https://host/path'
  return hasAuthority(name) ? uriProblem(name) : undefined
}

// What the one spelling of a URI would leave out must not stand in it: a prefix would be shorter than it was written.
function uriProblem(name: string): string | undefined {
  if (/^[^/]*:\/\/[^/?#]*@/.test(name)) return 'holds a user name or a password'
  if (/^(?:(?:https?|wss?):\/\/|[^/]*:\/\/[^/?#]+)\*$/i.test(name))
    return 'ends inside a host name: other hosts begin like it'
  const uri = name.replace(/\*$/, '')
  if (!isUri(uri)) return 'is no URI'
  const path = uri.replace(/^[^/]*:\/\/[^/?#\\]*/, '')
  return uriName(uri).endsWith(path) ? undefined : 'has a fragment, a dot segment, or a character that URIs escape'
}

/** What two spellings of one name or prefix have in common. */
export function nameKey(name: string): string {
  return name.endsWith('*') ? `${uriName(name.slice(0, -1))}*` : uriName(name)
}

/** The entries must be of different keys, each without a problem. */
export function tableOf<Entry>(all: readonly Named<Entry>[]): Table<Entry> {
  const keyed = all.map((named) => [nameKey(named.name), named] as const)
  const prefixes = keyed
    .filter(([key]) => key.endsWith('*'))
    .map(([key, named]) => [key.slice(0, -1), named] as const)
    .sort(([a], [b]) => b.length - a.length)
  return { exact: new Map(keyed.filter(([key]) => !key.endsWith('*'))), prefixes, all }
}

/** The entry that speaks of a name; `undefined` where none does. */
export function lookUp<Entry>(table: Table<Entry>, name: string): Named<Entry> | undefined {
  const key = uriName(name)
  return table.exact.get(key) ?? table.prefixes.find(([prefix]) => key.startsWith(prefix))?.[1]
}
