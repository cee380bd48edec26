// Admission of drafts: untrusted values become a Draft or a refusal that names the place (spec/entry.md §4).

import type { Static } from 'typebox'
import { Compile } from 'typebox/schema'

import { memberPath } from '../bytes/json.ts'
import { idProblem, labelProblem } from '../bytes/label.ts'
import { isTimestamp } from '../clock/clock.ts'
import { type ApplicationActions, isApplicationAction } from './actions.ts'
import { checkForm } from './check-form.ts'
import { copyDraft } from './copy-draft.ts'
import { DraftFault } from './draft-fault.ts'
import {
  ACTIONS,
  ACTOR_TYPES,
  type ApplicationAction,
  ASSURANCES,
  type BuiltInAction,
  CLASSIFICATIONS,
  type Draft,
  type DraftContent,
  ENTRY_FIELDS,
  type FieldKind,
  MAX_BODY_BYTES,
  MAX_CONTENTS,
  MAX_LABEL_BYTES,
  MAX_WORD_BYTES,
  OUTCOMES,
  RESERVED_ACTIONS,
  UUID,
  WORD,
} from './fields.ts'

const word = { type: 'string', pattern: WORD.source, maxLength: MAX_WORD_BYTES } as const
const uuid = { type: 'string', pattern: UUID.source } as const
const traceId = { type: 'string', pattern: '^[0-9a-f]{32}$' } as const
const spanId = { type: 'string', pattern: '^[0-9a-f]{16}$' } as const
const text = { type: 'string' } as const
const ids = { type: 'array', items: text, minItems: 1, uniqueItems: true } as const

const sourceSchema = {
  type: 'object',
  properties: { ip: text, host: text, service: text, trace_id: traceId, span_id: spanId },
  additionalProperties: false,
} as const

const contentSchema = {
  type: 'object',
  required: ['name', 'media_type', 'body'],
  properties: {
    name: text,
    media_type: text,
    // Judged by checkContents: no schema knows bytes and files.
    body: {},
    subject_ids: ids,
  },
  additionalProperties: false,
} as const

// JSON Schema as it is: what builds schemas is three times the modules of what compiles them, in each process that admits a draft.
const fieldsSchema = {
  type: 'object',
  required: ['action', 'actor_id', 'actor_type'],
  properties: {
    id: uuid,
    timestamp: text,
    action: text,
    outcome: { enum: OUTCOMES },
    outcome_reason: text,
    actor_id: text,
    actor_type: { enum: ACTOR_TYPES },
    on_behalf_of: text,
    agent_name: text,
    agent_version: text,
    model: text,
    prompt_version: text,
    producer_id: text,
    producer_seq: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    conversation_id: text,
    parent_id: uuid,
    resource_type: word,
    resource_id: text,
    subject_ids: ids,
    purpose: text,
    grant_id: text,
    source: sourceSchema,
    // Its members are judged where they are read, once: when their canonical text is made.
    details: { type: 'object' },
    data_classification: { enum: CLASSIFICATIONS },
    compliance_domains: { type: 'array', items: word, minItems: 1, uniqueItems: true },
    retention_class: word,
    assurance: { enum: ASSURANCES },
    content: { type: 'array', items: contentSchema, minItems: 1, maxItems: MAX_CONTENTS },
  },
  additionalProperties: false,
} as const

/** For whoever describes drafts: JSON Schema. */
export const draftSchema: object = fieldsSchema

const compiled = Compile(fieldsSchema)

const BUILT_IN: ReadonlySet<string> = new Set(ACTIONS)
const IDS = fieldsOf('id')
const LABELS = fieldsOf('label')
const SOURCE_LABELS = ['ip', 'host', 'service'] as const

function fieldsOf(kind: FieldKind): string[] {
  const fields = Object.entries(ENTRY_FIELDS).filter(([, field]) => field.kind === kind && field.set === 'caller')
  return fields.map(([name]) => name)
}

/** The fields a caller may set. */
export const DRAFT_FIELDS: readonly string[] = Object.keys(fieldsSchema.properties)

/**
 * Checks a caller's value against the format and the application's own actions, and returns a copy whose top level,
 * `source` and lists no longer belong to the caller. Each was read once, and what was read is what was checked. `details`
 * is read, once too, when its canonical text is made; that of a draft with a form of its own here. A field of the draft or
 * of `source` that is `undefined` is absent.
 * @throws DraftFault naming the first offending field, or JsonFault for details that are read here; and nothing else,
 *   whatever the value is
 */
export function parseDraft(value: unknown, actions: ApplicationActions): Draft {
  const draft = checkedFields(value)
  const { action } = draft
  if (RESERVED_ACTIONS.has(action)) {
    throw new DraftFault('action', `${action} is recorded by the ledger itself, never by a caller`)
  }
  if (has(draft, isBuiltIn)) return checkForm(draft)
  const isOwn = (one: string): one is ApplicationAction => isDeclared(one, actions)
  if (!has(draft, isOwn)) throw new DraftFault('action', actionProblem(action))
  const missing = actions[draft.action]?.requires?.find((field) => draft[field] === undefined)
  if (missing !== undefined) throw new DraftFault(missing, `${action} requires this field`)
  return draft
}

/**
 * As parseDraft, for a record of the ledger about itself: its reserved actions too, and none of an application.
 * @throws DraftFault naming the first offending field
 */
export function parseOwnDraft(value: Draft): Draft {
  const draft = checkedFields(value)
  if (!has(draft, isBuiltIn)) throw new DraftFault('action', actionProblem(draft.action))
  return checkForm(draft)
}

// Metadata and bodies are any value to the schema.
type Fields = Omit<Static<typeof fieldsSchema>, 'details' | 'content'> & Pick<Draft, 'details' | 'content'>

function has<Action extends string>(
  fields: Fields,
  is: (action: string) => action is Action,
): fields is Fields & { action: Action } {
  return is(fields.action)
}

function checkedFields(value: unknown): Fields {
  const fields = copyDraft(value)
  if (!fits(fields)) throw schemaFault(fields)
  checkLabels(fields)
  checkTimestamp(fields.timestamp)
  checkCompanions(fields)
  checkContents(fields.content)
  return fields
}

function fits(fields: Record<string, unknown>): fields is Record<string, unknown> & Fields {
  return compiled.Check(fields)
}

function schemaFault(draft: Record<string, unknown>): DraftFault {
  const unknown = Object.keys(draft).find((key) => !DRAFT_FIELDS.includes(key))
  if (unknown !== undefined) return new DraftFault(memberPath('', unknown), unknownFieldProblem(unknown))
  const missing = ['action', 'actor_id', 'actor_type'].find((key) => draft[key] === undefined)
  if (missing !== undefined) return new DraftFault(missing, 'this field is required')
  const absent = Object.keys(draft).find((key) => draft[key] === null)
  if (absent !== undefined) return new DraftFault(absent, 'null is no value of a field; leave the field out')
  const [, [error]] = compiled.Errors(draft)
  if (error === undefined) return new DraftFault('', 'the draft does not fit the format')
  return new DraftFault(pathOf(error.instancePath), problemOf(error.keyword, error.params, error.message))
}

function unknownFieldProblem(field: string): string {
  if (field === 'integrity_hash' || ENTRY_FIELDS[field]?.set === 'ledger') {
    return 'this field is set by the ledger; leave it out of the draft'
  }
  return 'no such field in format v 1; metadata of your own belongs in details'
}

function pathOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .reduce(
      (path, step) =>
        /^\d+$/.test(step) ? `${path}[${step}]` : memberPath(path, step.replaceAll('~1', '/').replaceAll('~0', '~')),
      '',
    )
}

const PATTERNS: ReadonlyMap<unknown, string> = new Map([
  [UUID.source, 'must be a UUID of version 7 or 8 in lower case'],
  [WORD.source, 'must be a word of lower-case letters, digits and _'],
  [traceId.pattern, 'must be 32 lower-case hex digits'],
  [spanId.pattern, 'must be 16 lower-case hex digits'],
])

function problemOf(keyword: string, params: object, message: string): string {
  if (keyword === 'enum' && 'allowedValues' in params) return `must be one of ${JSON.stringify(params.allowedValues)}`
  if (keyword === 'pattern' && 'pattern' in params) return PATTERNS.get(params.pattern) ?? message
  if (keyword === 'uniqueItems') return 'a value stands twice in this set'
  if (keyword === 'boolean') return 'no such field in format v 1'
  return message
}

function isBuiltIn(action: string): action is BuiltInAction {
  return BUILT_IN.has(action)
}

function isDeclared(action: string, actions: ApplicationActions): action is ApplicationAction {
  return isApplicationAction(action) && Object.hasOwn(actions, action)
}

function actionProblem(action: string): string {
  if (!isApplicationAction(action)) {
    return `${JSON.stringify(action.slice(0, 80))} is no action of format v 1; an action of your own has a dot: clinic.referral_sent`
  }
  return `${action} is not in the catalogue; declare it with defineActions and open the ledger with { actions }`
}

function checkLabels(draft: { readonly [field: string]: unknown }): void {
  for (const field of IDS) checkText(field, draft[field], idProblem)
  for (const field of LABELS) checkText(field, draft[field], labelProblem)
  checkList('subject_ids', draft.subject_ids)
  const { source } = draft
  if (typeof source !== 'object' || source === null) return
  for (const field of SOURCE_LABELS) checkText(`source.${field}`, Reflect.get(source, field), labelProblem)
}

function checkList(field: string, values: unknown): void {
  if (!Array.isArray(values)) return
  for (const [i, value] of values.entries()) checkText(`${field}[${i}]`, value, idProblem)
}

function checkText(path: string, value: unknown, judge: (text: string, maxBytes: number) => string | undefined): void {
  if (typeof value !== 'string') return
  const problem = judge(value, MAX_LABEL_BYTES)
  if (problem !== undefined) throw new DraftFault(path, problem)
}

/** RFC 6838 type and subtype, with parameters such as a charset. */
const MEDIA_TYPE =
  /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}(?:; ?[a-z0-9-]{1,32}="?[A-Za-z0-9_.+-]{1,64}"?)*$/

function checkContents(contents: Fields['content']): void {
  if (contents === undefined) return
  const names = new Set<string>()
  for (const [i, { name, media_type, body, subject_ids }] of contents.entries()) {
    const path = `content[${i}]`
    checkText(`${path}.name`, name, labelProblem)
    checkText(`${path}.media_type`, media_type, labelProblem)
    if (!MEDIA_TYPE.test(media_type)) throw new DraftFault(`${path}.media_type`, 'is no media type, such as text/plain')
    checkList(`${path}.subject_ids`, subject_ids)
    const problem = bodyProblem(body)
    if (problem !== undefined) throw new DraftFault(`${path}.body`, problem)
    if (names.has(name)) throw new DraftFault(`${path}.name`, 'another content of this record has this name')
    names.add(name)
  }
}

// A text with half a character has no UTF-8: what would be kept is not what was said.
function bodyProblem(body: unknown): string | undefined {
  if (typeof body === 'string' && !body.isWellFormed()) return 'holds half a surrogate pair; hand in its bytes'
  if (!isBody(body)) return 'must be a text, bytes or a Blob'
  const size = bodySize(body)
  return size > MAX_BODY_BYTES ? `has ${size} bytes; a body has at most ${MAX_BODY_BYTES}` : undefined
}

function isBody(body: unknown): body is DraftContent['body'] {
  return typeof body === 'string' || body instanceof Uint8Array || body instanceof Blob
}

/** The bytes of a body. */
export function bodySize(body: DraftContent['body']): number {
  if (typeof body === 'string') return Buffer.byteLength(body)
  return body instanceof Blob ? body.size : body.length
}

function checkTimestamp(timestamp: string | undefined): void {
  if (timestamp === undefined || isTimestamp(timestamp)) return
  throw new DraftFault(
    'timestamp',
    `${JSON.stringify(timestamp.slice(0, 40))} is not UTC, RFC 3339 with milliseconds: 2026-11-21T09:30:00.000Z`,
  )
}

function checkCompanions(draft: Fields): void {
  if ((draft.producer_id === undefined) !== (draft.producer_seq === undefined)) {
    const missing = draft.producer_id === undefined ? 'producer_id' : 'producer_seq'
    throw new DraftFault(missing, 'producer_id and producer_seq come together')
  }
  if (draft.resource_id !== undefined && draft.resource_type === undefined) {
    throw new DraftFault('resource_type', 'a resource_id needs its resource_type')
  }
}
