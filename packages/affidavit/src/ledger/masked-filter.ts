// What is recorded of a search: its conditions, with tokens for persons (spec/reading.md §2).

import { TOKEN } from '../formats/token.ts'
import type { EntryFilter } from './store.ts'
import { filterOfId, NAMING } from './translate-filter.ts'

/** What stands for an id that is in no record: whom somebody looked for in vain is nobody's to read. */
export const IN_NO_RECORD = '[in no record]'

/** How a filter's ids stand in records. */
export interface Standing {
  tokenOf(id: string): Promise<string | undefined>
  /** Whether a record fits. */
  finds(filter: EntryFilter): Promise<boolean>
}

export async function maskedFilter(filter: EntryFilter, { tokenOf, finds }: Standing): Promise<EntryFilter> {
  const masked: { -readonly [name in keyof EntryFilter]: EntryFilter[name] } = { ...filter }
  for (const field of NAMING) {
    const id = filter[field]
    if (id === undefined || TOKEN.test(id)) continue
    const token = await tokenOf(id)
    masked[field] = token ?? ((await finds(filterOfId(filter, field, id))) ? id : IN_NO_RECORD)
  }
  return masked
}
