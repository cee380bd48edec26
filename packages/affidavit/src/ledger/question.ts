// Questions that take more than one search: how they are asked, and what is recorded of them (spec/authority.md §7).

import type { Act } from '../access/roles.ts'
import { labelProblem } from '../bytes/label.ts'
import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { type AuditRecord, MAX_LABEL_BYTES } from '../formats/fields.ts'
import { TOKEN } from '../formats/token.ts'
import type { Keyring } from '../vault/keyring.ts'
import { IN_NO_RECORD, maskedFilter, type Standing } from './masked-filter.ts'
import { mergeBySeq } from './merge-by-seq.ts'
import { pagesAhead } from './pages-ahead.ts'
import { checkFilter, recordOf, type SearchOptions } from './read.ts'
import type { Read } from './reader.ts'
import type { EntryFilter, LedgerStore, StoredEntry } from './store.ts'

/** What is asked about, as it comes to stand in the record about asking. */
export type Query = EntryFilter & { readonly agent_name?: string }

export interface Question<Answer> {
  readonly operation: string
  /** Who may search may ask where this is left out. */
  readonly act?: Act
  /** Of less than that its answer would be wrong: it would miss what is there. */
  readonly asks?: 'the whole ledger'
  readonly query?: Query
  answer(asked: Asked): Promise<Answered<Answer>>
}

/** What answers are found with. */
export interface Asked {
  /** Records before this seq are asked about. */
  readonly until_seq: number
  /** When it was asked, by the ledger's clock. */
  readonly at: string
  /** Records that one of the filters finds, each once, in the order of seq. */
  find(...filters: readonly EntryFilter[]): AsyncGenerator<AuditRecord>
  /** All records, as they are stored, page after page. */
  pages(): AsyncGenerator<readonly StoredEntry[]>
  /** One name for whoever stands in records under an id and under its token, where one of both is among these. */
  namesOf(ids: Iterable<string>): Promise<NameOf>
}

export type NameOf = (id: string) => string

export interface Answered<Answer> {
  readonly answer: Answer
  /** The seqs of the records that the answer shows. */
  readonly results: readonly number[]
  /** Those whose contents belong to it. */
  readonly contents?: readonly number[]
}

export interface AskingParts {
  readonly store: Pick<LedgerStore, 'entries'>
  readonly ledger: string
  readonly keyring: Pick<Keyring, 'tokenOf' | 'personalIds'>
  readonly now: () => UnixMillis
  find(filter: EntryFilter, options: SearchOptions): AsyncGenerator<StoredEntry>
}

/** What is to be recorded of a question before its answer is given. */
export type Asking<Answer> = Answered<Answer> & { readonly read: Pick<Read, 'operation' | 'details' | 'results'> }

/**
 * Finds the answer to a question, as of the size that the ledger has.
 * @throws LedgerError `invalid-query`, and what the question throws
 */
export async function answerOf<Answer>(
  parts: AskingParts,
  { operation, query, answer }: Question<Answer>,
  size: number,
  finds: Standing['finds'],
): Promise<Asking<Answer>> {
  const { agent_name, ...filter } = query ?? {}
  checkFilter(filter)
  checkAgent(agent_name)
  const { keyring } = parts
  const answered = await answer({
    until_seq: size,
    at: formatTimestamp(parts.now()),
    find: (...filters) => findAny(parts, filters, size),
    pages: () => pagesAhead(parts.store, parts.ledger, size),
    namesOf: (ids) => namesOf(keyring, ids),
  })
  const { results } = answered
  const masked = await maskedFilter(filter, { tokenOf: keyring.tokenOf, finds })
  // Whom nothing is found of need not be an agent.
  const agent = agent_name === undefined ? {} : { agent_name: results.length === 0 ? IN_NO_RECORD : agent_name }
  const asked = query === undefined ? {} : { query: { ...masked, ...agent } }
  return { ...answered, read: { operation, details: { ...asked, as_of_seq: size - 1 }, results } }
}

async function* findAny(
  { find }: AskingParts,
  filters: readonly EntryFilter[],
  size: number,
): AsyncGenerator<AuditRecord> {
  const searches = filters.map((filter) => {
    const until_seq = Math.min(filter.until_seq ?? size, size)
    return find({ ...filter, until_seq }, {})
  })
  for await (const entry of mergeBySeq(searches, 'ascending')) yield recordOf(entry)
}

// A registry that changed, or tells types of actors and resources apart, lets one id stand as itself and as its token.
async function namesOf({ tokenOf, personalIds }: AskingParts['keyring'], ids: Iterable<string>): Promise<NameOf> {
  const names = new Map<string, string>()
  const all = [...new Set(ids)]
  for (const [token, id] of await personalIds(all.filter((one) => TOKEN.test(one)))) names.set(id, token)
  for (const id of all) {
    const token = TOKEN.test(id) || names.has(id) ? undefined : await tokenOf(id)
    if (token !== undefined) names.set(id, token)
  }
  return (id) => names.get(id) ?? id
}

function checkAgent(agent_name: string | undefined): void {
  const problem = agent_name === undefined ? undefined : labelProblem(agent_name, MAX_LABEL_BYTES)
  if (problem === undefined) return
  throw new LedgerError('invalid-query', { problem: `agent_name ${problem}`, path: 'agent_name' })
}
