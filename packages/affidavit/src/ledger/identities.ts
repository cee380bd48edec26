// Which ids of a draft name a person, and stand in its record as tokens (spec/sealing.md §3).

import type { Draft, DraftContent } from '../formats/fields.ts'
import { TOKEN } from '../formats/token.ts'
import type { Personal } from '../registry/personal-ids.ts'

type IdField = 'actor_id' | 'on_behalf_of' | 'resource_id' | 'conversation_id' | 'producer_id' | 'grant_id'

/** The fields of a record that have tokens in them. */
export type Tokenised = { readonly [field in IdField]?: string } & { readonly subject_ids?: readonly string[] }

type Identified = { readonly [field in IdField]?: string } & Pick<Draft, 'subject_ids'>

const ID_FIELDS: readonly IdField[] = [
  'actor_id',
  'on_behalf_of',
  'resource_id',
  'conversation_id',
  'producer_id',
  'grant_id',
]

/** The fields of one id each that are tokenised: as the registry says, and where a detector found what identifies a person. */
export function personalFields(draft: Identified, personal: Personal, found: ReadonlySet<string>): readonly IdField[] {
  const declared: Partial<Record<IdField, boolean>> = personal
  return ID_FIELDS.filter((field) => draft[field] !== undefined && (declared[field] === true || found.has(field)))
}

/** Everything that a token is needed for. What is a token already stays what it is. */
export function personalIdsOf(
  draft: Identified,
  content: readonly Pick<DraftContent, 'subject_ids'>[],
  fields: readonly IdField[],
): readonly string[] {
  const single = fields.map((field) => draft[field]).filter((id) => id !== undefined)
  const ids = [...single, ...(draft.subject_ids ?? []), ...content.flatMap(({ subject_ids }) => subject_ids ?? [])]
  return ids.filter((id) => !TOKEN.test(id))
}

export function tokenise(
  draft: Identified,
  fields: readonly IdField[],
  tokens: ReadonlyMap<string, string>,
): Tokenised {
  const tokenised: { [field in IdField]?: string } & { subject_ids?: readonly string[] } = {}
  for (const field of fields) {
    const id = draft[field]
    if (id !== undefined) tokenised[field] = tokens.get(id) ?? id
  }
  if (draft.subject_ids !== undefined) tokenised.subject_ids = tokensOf(draft.subject_ids, tokens)
  return tokenised
}

/** The sorted tokens of subjects: one for a person who was named by an id and by its token. */
export function tokensOf(subjects: readonly string[], tokens: ReadonlyMap<string, string>): readonly string[] {
  return [...new Set(subjects.map((id) => tokens.get(id) ?? id))].sort()
}
