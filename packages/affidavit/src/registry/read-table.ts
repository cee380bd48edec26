// A section of a registry whose entries bear names or prefixes (spec/registry.md §2).

import { Flaw } from '../documents/fault.ts'
import { checkName, entriesOf, type Place } from '../documents/place.ts'
import { type Named, nameKey, patternProblem, type Table, tableOf } from './table.ts'

/** @throws Flaw where a name cannot stand there, or is the same as another one */
export function readTable<Entry>(section: Place, read: (entry: Place) => Entry): Table<Entry> {
  const names = new Map<string, string>()
  const all: Named<Entry>[] = []
  for (const [name, entry] of entriesOf(section)) {
    checkName(name, entry.path)
    const problem = patternProblem(name)
    if (problem !== undefined)
      throw new Flaw(entry.path, problem, 'write the whole name, or a prefix and a star: ehr.*')
    const same = names.get(nameKey(name))
    if (same !== undefined) throw new Flaw(entry.path, `is the same as ${same}`, 'keep one of the two')
    names.set(nameKey(name), name)
    all.push({ name, entry: read(entry) })
  }
  return tableOf(all)
}
