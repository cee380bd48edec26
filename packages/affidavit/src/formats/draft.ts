// Admission of drafts: untrusted values become a Draft or a refusal that names the place (spec/entry.md §4).

import Type from 'typebox'
import { Compile } from 'typebox/compile'

import { memberPath } from '../bytes/json.ts'
import { idProblem, labelProblem } from '../bytes/label.ts'
import { parseTimestamp } from '../clock/clock.ts'
import type { ApplicationActions } from './actions.ts'
import {
  ACTIONS,
  ACTOR_TYPES,
  APPLICATION_ACTION,
  ASSURANCES,
  CLASSIFICATIONS,
  type Draft,
  ENTRY_FIELDS,
  MAX_LABEL_BYTES,
  OUTCOMES,
  RESERVED_ACTIONS,
} from './fields.ts'

const word = '^[a-z][a-z0-9_]{0,63}$'
const uuid = '^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
const label = Type.Optional(Type.String())

const sourceSchema = Type.Object(
  {
    ip: label,
    host: label,
    service: label,
    trace_id: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
    span_id: Type.Optional(Type.String({ pattern: '^[0-9a-f]{16}$' })),
  },
  { additionalProperties: false },
)

const draftSchema = Type.Object(
  {
    id: Type.Optional(Type.String({ pattern: uuid })),
    timestamp: label,
    action: Type.String(),
    outcome: Type.Optional(Type.Enum([...OUTCOMES])),
    outcome_reason: label,
    actor_id: Type.String(),
    actor_type: Type.Enum([...ACTOR_TYPES]),
    on_behalf_of: label,
    agent_name: label,
    agent_version: label,
    model: label,
    prompt_version: label,
    producer_id: label,
    producer_seq: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    conversation_id: label,
    parent_id: Type.Optional(Type.String({ pattern: uuid })),
    resource_type: Type.Optional(Type.String({ pattern: word })),
    resource_id: label,
    subject_ids: Type.Optional(Type.Array(Type.String(), { minItems: 1, uniqueItems: true })),
    purpose: label,
    grant_id: label,
    source: Type.Optional(sourceSchema),
    details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    data_classification: Type.Optional(Type.Enum([...CLASSIFICATIONS])),
    compliance_domains: Type.Optional(Type.Array(Type.String({ pattern: word }), { minItems: 1, uniqueItems: true })),
    retention_class: Type.Optional(Type.String({ pattern: word })),
    assurance: Type.Optional(Type.Enum([...ASSURANCES])),
  },
  { additionalProperties: false },
)

const compiled = Compile(draftSchema)

const BUILT_IN: ReadonlySet<string> = new Set(ACTIONS)
const IDS = ['actor_id', 'on_behalf_of', 'producer_id', 'conversation_id', 'resource_id', 'grant_id'] as const
const LABELS = ['outcome_reason', 'agent_name', 'agent_version', 'model', 'prompt_version', 'purpose'] as const
const SOURCE_LABELS = ['ip', 'host', 'service'] as const

/** The fields a caller may set. */
export const DRAFT_FIELDS: readonly string[] = Object.keys(draftSchema.properties)

/** A draft that cannot be admitted: `path` names the field, the message the problem and the cure. */
export class DraftFault extends Error {
  readonly path: string

  constructor(path: string, problem: string) {
    super(path === '' ? problem : `${path}: ${problem}`)
    this.name = 'DraftFault'
    this.path = path
  }
}

/**
 * Checks a caller's value against the format and the application's own actions, and returns a copy whose top level,
 * `source` and lists no longer belong to the caller. `details` is read when the canonical text is made.
 * A top-level field that is `undefined` counts as absent.
 * @throws DraftFault naming the first offending field
 */
export function parseDraft(value: unknown, actions: ApplicationActions): Draft {
  const draft = copyOf(value)
  if (!compiled.Check(draft)) throw schemaFault(draft)
  checkLabels(draft)
  const { action, ...rest } = draft
  if (!isKnownAction(action, actions)) throw new DraftFault('action', actionProblem(action))
  const parsed: Draft = { ...rest, action }
  checkTimestamp(parsed)
  checkCompanions(parsed)
  checkCatalogue(parsed, actions)
  return parsed
}

function copyOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DraftFault(
      '',
      `a draft is a plain object, not ${value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value}`,
    )
  }
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new DraftFault('__proto__', 'this key is refused')
    const member: unknown = Reflect.get(value, key)
    if (member !== undefined)
      copy[key] = Array.isArray(member) ? [...member] : key === 'source' ? shallow(member) : member
  }
  return copy
}

function shallow(member: unknown): unknown {
  return typeof member === 'object' && member !== null ? { ...member } : member
}

function schemaFault(draft: Record<string, unknown>): DraftFault {
  const unknown = Object.keys(draft).find((key) => !DRAFT_FIELDS.includes(key))
  if (unknown !== undefined) return new DraftFault(memberPath('', unknown), unknownFieldProblem(unknown))
  const missing = ['action', 'actor_id', 'actor_type'].find((key) => draft[key] === undefined)
  if (missing !== undefined) return new DraftFault(missing, 'this field is required')
  const [error] = compiled.Errors(draft)
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

function problemOf(keyword: string, params: object, message: string): string {
  if (keyword === 'enum' && 'allowedValues' in params) return `must be one of ${JSON.stringify(params.allowedValues)}`
  if (keyword === 'pattern' && 'pattern' in params) return `must match ${String(params.pattern)}`
  if (keyword === 'uniqueItems') return 'a value stands twice in this set'
  if (keyword === 'boolean') return 'no such field in format v 1'
  return message
}

function isKnownAction(action: string, actions: ApplicationActions): action is Draft['action'] {
  if (RESERVED_ACTIONS.has(action))
    throw new DraftFault('action', `${action} is recorded by the ledger itself, never by a caller`)
  return BUILT_IN.has(action) || Object.hasOwn(actions, action)
}

function actionProblem(action: string): string {
  if (!APPLICATION_ACTION.test(action)) {
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

function checkTimestamp(draft: Draft): void {
  if (draft.timestamp === undefined || parseTimestamp(draft.timestamp) !== undefined) return
  throw new DraftFault(
    'timestamp',
    `${JSON.stringify(draft.timestamp.slice(0, 40))} is not UTC, RFC 3339 with milliseconds: 2026-11-21T09:30:00.000Z`,
  )
}

function checkCompanions(draft: Draft): void {
  if ((draft.producer_id === undefined) !== (draft.producer_seq === undefined)) {
    const missing = draft.producer_id === undefined ? 'producer_id' : 'producer_seq'
    throw new DraftFault(missing, 'producer_id and producer_seq come together')
  }
  if (draft.resource_id !== undefined && draft.resource_type === undefined) {
    throw new DraftFault('resource_type', 'a resource_id needs its resource_type')
  }
}

function checkCatalogue(draft: Draft, actions: ApplicationActions): void {
  const definition = Object.entries(actions).find(([name]) => name === draft.action)?.[1]
  const missing = definition?.requires?.find((field) => draft[field] === undefined)
  if (missing !== undefined) throw new DraftFault(missing, `${draft.action} requires this field`)
}
