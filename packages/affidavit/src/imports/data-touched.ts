// Which data a call touched, as far as the tools file and the call's arguments tell.

import { canonicalJson, type JsonValue, PLAIN_JSON } from '../bytes/json.ts'
import { idProblem } from '../bytes/label.ts'
import { type Classification, MAX_LABEL_BYTES } from '../formats/fields.ts'
import type { Call } from './chat-message.ts'
import { type JsonObject, member } from './json-members.ts'
import type { Details } from './thread.ts'
import { strictObject } from './tool-result.ts'
import type { DataMapping } from './tools-mapping.ts'

/** Subjects of one record at most: more would not fit. */
const MAX_SUBJECTS = 100

export interface DataTouched {
  readonly fields: {
    readonly resource_type: string
    readonly resource_id: string | undefined
    readonly subject_ids: string[] | undefined
    readonly data_classification: Classification
    readonly compliance_domains: string[] | undefined
  }
  /** What the fields could not carry: `resource_id_unclaimed`, `subject_ids_digest`. */
  readonly details: Details
}

/** What is said of a call of a tool that no tools file names. */
export const UNCLASSIFIED: DataTouched = {
  fields: {
    resource_type: 'unclassified',
    resource_id: undefined,
    subject_ids: undefined,
    data_classification: 'restricted',
    compliance_domains: undefined,
  },
  details: {},
}

/** The data behind a call. Ids that no record can carry stay as keyed digests, missing ones are said to be missing. */
export function dataTouched(
  mapping: DataMapping,
  call: Call | undefined,
  digest: (text: string) => string,
): DataTouched {
  const given = (call === undefined ? undefined : argumentsOf(call)) ?? {}
  const resource = idsIn(given, mapping.resource_id_argument, 1)
  const subjects = idsIn(given, mapping.subject_argument, MAX_SUBJECTS)
  return {
    fields: {
      resource_type: mapping.resource_type,
      resource_id: resource.kind === 'ids' ? resource.ids[0] : undefined,
      subject_ids: subjects.kind === 'ids' ? [...subjects.ids] : undefined,
      data_classification: mapping.data_classification,
      compliance_domains: mapping.compliance_domains === undefined ? undefined : [...mapping.compliance_domains],
    },
    details: { ...remark('resource_id', resource, digest), ...remark('subject_ids', subjects, digest) },
  }
}

/** The arguments of a call; `undefined` where they are no JSON object. */
export function argumentsOf(call: Call): JsonObject | undefined {
  return typeof call.arguments === 'string' ? strictObject(call.arguments) : call.arguments
}

type Found =
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'unclaimed' }
  | { readonly kind: 'unfit'; readonly value: JsonValue }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }

function idsIn(given: JsonObject, argument: string | undefined, most: number): Found {
  if (argument === undefined) return { kind: 'not-asked' }
  const value = member(given, argument)
  if (value === undefined) return { kind: 'unclaimed' }
  const ids = (Array.isArray(value) ? value : [value]).map(idOf)
  const fit = ids.filter((id) => id !== undefined)
  const distinct = [...new Set(fit)].sort()
  if (distinct.length === 0 || fit.length < ids.length || distinct.length > most) return { kind: 'unfit', value }
  return { kind: 'ids', ids: distinct }
}

/** A value as an id of a record: text, or an integer as its digits. */
export function idOf(value: JsonValue | undefined): string | undefined {
  const id = Number.isSafeInteger(value) ? String(value) : value
  return typeof id === 'string' && idProblem(id, MAX_LABEL_BYTES) === undefined ? id : undefined
}

function remark(field: string, found: Found, digest: (text: string) => string): Details {
  switch (found.kind) {
    case 'unclaimed':
      return { [`${field}_unclaimed`]: true }
    case 'unfit':
      return { [`${field}_digest`]: digest(canonicalJson(found.value, PLAIN_JSON)) }
    default:
      return {}
  }
}
