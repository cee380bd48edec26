// A search over several answers: its conditions, and where it goes on (spec/http.md §4).

import Type, { type TInteger, type TOptional, type TString } from 'typebox'
import { Compile } from 'typebox/compile'

import { JsonFault, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { RequestFault } from './problem.ts'

export const SEARCH_LIMIT = 1000
const DEFAULT_LIMIT = 50

type TextName = Exclude<keyof EntryFilter, SeqName | 'id'>
type SeqName = 'from_seq' | 'until_seq'
type FilterSchema = { readonly [name in TextName]: TOptional<TString> } & {
  readonly [name in SeqName]: TOptional<TInteger>
}

const text = (description: string): TOptional<TString> => Type.Optional(Type.String({ description }))
const seq = (description: string): TOptional<TInteger> => Type.Optional(Type.Integer({ minimum: 0, description }))

/** Conditions, by their names in records; all hold at once. Each is judged where the ledger is asked. */
export const filterSchema: FilterSchema = {
  conversation_id: text('of this conversation'),
  actor_id: text('by whom: the id that was handed in, or its token'),
  subject_id: text('about whom: the id that was handed in, or its token'),
  action: text('what was done'),
  resource_type: text('what kind of thing was touched'),
  resource_id: text('which'),
  parent_id: text('caused by the record with this id'),
  from: text('timestamp at or after: RFC 3339, UTC, milliseconds'),
  until: text('timestamp before'),
  recorded_from: text('recorded_at at or after'),
  recorded_until: text('recorded_at before'),
  from_seq: seq('seq at least'),
  until_seq: seq('seq below'),
}

const placeSchema = Type.Object(
  {
    filter: Type.Object(filterSchema, { additionalProperties: false }),
    order: Type.Enum(['ascending', 'descending']),
    limit: Type.Integer({ minimum: 1, maximum: SEARCH_LIMIT }),
    as_of_size: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
)
const placed = Compile(placeSchema)

/** A search, and how far it is. */
export interface SearchPlace {
  readonly filter: EntryFilter
  readonly order: 'ascending' | 'descending'
  readonly limit: number
  /** What stood when the ledger had so many records. */
  readonly as_of_size: number
}

export interface SearchQuery extends EntryFilter {
  readonly as_of?: number
  readonly order?: 'ascending' | 'descending'
  readonly limit?: number
  readonly cursor?: string
}

/**
 * The search that a query asks for, in a ledger that has `size` records.
 * @throws RequestFault `invalid-request` where the cursor is none, or stands beside other conditions
 */
export function searchOf({ cursor, as_of, order, limit, ...filter }: SearchQuery, size: number): SearchPlace {
  if (cursor !== undefined) {
    if (as_of !== undefined || order !== undefined || Object.keys(filter).length > 0) throw besideCursor()
    const place = placeOf(cursor)
    return limit === undefined ? place : { ...place, limit }
  }
  const as_of_size = Math.min(as_of === undefined ? size : as_of + 1, size)
  return { filter, order: order ?? 'ascending', limit: limit ?? DEFAULT_LIMIT, as_of_size }
}

/** What the ledger is asked. */
export function filterAt({ filter, as_of_size }: SearchPlace): EntryFilter {
  return { ...filter, until_seq: Math.min(filter.until_seq ?? as_of_size, as_of_size) }
}

/** Where the search goes on behind the record with this seq. */
export function cursorBehind(place: SearchPlace, last: number): string {
  const further = place.order === 'ascending' ? { from_seq: last + 1 } : { until_seq: last }
  return Buffer.from(JSON.stringify({ ...place, filter: { ...place.filter, ...further } })).toString('base64url')
}

function placeOf(cursor: string): SearchPlace {
  try {
    const value = parseJson(Buffer.from(cursor, 'base64url').toString('utf8'), PLAIN_JSON)
    if (placed.Check(value)) return value
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error
  }
  throw new RequestFault('invalid-request', 'cursor is none that an answer gave as next', {
    cure: 'begin the search again, with as_of for the same answers',
    path: 'cursor',
  })
}

function besideCursor(): RequestFault {
  return new RequestFault('invalid-request', 'a cursor holds its whole search, and other conditions stand beside it', {
    cure: 'send the cursor alone, or with another limit',
    path: 'cursor',
  })
}
