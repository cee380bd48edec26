// A filter that names persons by their own ids, as the records have them: by tokens (spec/sealing.md §3).

import { LedgerError } from '../errors/ledger-error.ts'
import { TOKEN } from '../formats/token.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { EntryFilter } from './store.ts'

/** Fields that hold a token where the id is personal, and the id itself where it is not. */
const EITHER = ['actor_id', 'resource_id', 'conversation_id'] as const
/** Fields whose ids may be a person's. */
export const NAMING: readonly ['subject_id', ...typeof EITHER] = ['subject_id', ...EITHER]

/**
 * The one filter that finds what was asked for, for a query that is written down: no id of a person stands in it.
 * @throws LedgerError `not-found` where an id that is no token finds nothing; `invalid-query` where it stands in records as
 *   itself and as a token
 */
export async function recordedFilter(
  keyring: Keyring,
  filter: EntryFilter,
  finds: (filter: EntryFilter) => Promise<boolean>,
): Promise<EntryFilter> {
  let recorded = filter
  for (const field of NAMING) {
    const id = filter[field]
    if (id === undefined || TOKEN.test(id)) continue
    const token = await keyring.tokenOf(id)
    const standing: string[] = []
    for (const one of token === undefined ? [id] : [id, token]) {
      if (await finds(filterOfId(filter, field, one))) standing.push(one)
    }
    const [only, other] = standing
    if (only === undefined) throw nobodyFound(field)
    if (other !== undefined) throw foundTwice(field, other)
    recorded = { ...recorded, [field]: only }
  }
  return recorded
}

/**
 * What finds the records of one id of a filter. A resource is looked up with its type where that is known: there is an index
 * for both.
 */
export function filterOfId({ resource_type }: EntryFilter, field: (typeof NAMING)[number], id: string): EntryFilter {
  return field === 'resource_id' && resource_type !== undefined ? { resource_type, [field]: id } : { [field]: id }
}

function nobodyFound(field: string): LedgerError {
  return new LedgerError('not-found', {
    problem: `no record has the ${field} that was asked for`,
    cure: 'check its spelling; affidavit search finds what is there',
    path: field,
  })
}

function foundTwice(field: string, token: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `the ${field} that was asked for stands in some records as itself, and in others as a token`,
    cure: `ask for each by itself; the token is ${token}`,
    path: field,
  })
}

/**
 * The filters that find together what was asked for; none where nobody of that id was ever recorded. An id that is a token
 * already, as a search shows it, is taken as it is.
 */
export async function translateFilter(keyring: Keyring, filter: EntryFilter): Promise<readonly EntryFilter[]> {
  let filters: readonly EntryFilter[] = [filter]
  const { subject_id } = filter
  if (subject_id !== undefined && !TOKEN.test(subject_id)) {
    const token = await keyring.tokenOf(subject_id)
    if (token === undefined) return []
    filters = [{ ...filter, subject_id: token }]
  }
  for (const field of EITHER) {
    const id = filter[field]
    const token = id === undefined || TOKEN.test(id) ? undefined : await keyring.tokenOf(id)
    if (token !== undefined) filters = filters.flatMap((one) => [one, { ...one, [field]: token }])
  }
  return filters
}
