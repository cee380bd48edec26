// What a call of a tool touched, by the registry, as fields of its records (spec/import.md §5, spec/capture.md §1).

import { canonicalJson, type JsonValue, PLAIN_JSON } from '../bytes/json.ts'
import type { Draft } from '../formats/fields.ts'
import { type Approval, classifyCall, type Touched } from './classify.ts'
import { type Ids, MAX_IDS, type Parts } from './locate.ts'
import type { Floor, Registry } from './registry.ts'

/** What it takes to say what an agent's call touched. */
export interface CallJudge {
  readonly registry: Registry
  readonly agent: string | undefined
  /** The ledger's keyed digest. A plain hash of a short answer could be guessed. */
  digest(text: string): string
}

/** A call as far as it is known: its arguments where it was asked for, its result where it was answered. */
export interface KnownCall {
  /** `undefined` where nothing says which tool answered. */
  readonly tool: string | undefined
  readonly arguments: Parts['arguments']
  /** `undefined` while there is none: only then an id that should stand in it is not missing. */
  readonly result: JsonValue | undefined
}

export interface CallData {
  /** What the records of the call itself carry. */
  readonly call: Carried
  /** What was touched: one for each resource of each touch. */
  readonly things: readonly Thing[]
  readonly approval: Approval | undefined
}

/** Fields of a record, and what they could not carry: `subject_ids_unclaimed`. */
export interface Carried {
  readonly fields: { readonly [Name in CarriedField]?: Draft[Name] | undefined }
  readonly details: Details
}

type CarriedField =
  | 'data_classification'
  | 'compliance_domains'
  | 'subject_ids'
  | 'resource_type'
  | 'resource_id'
  | 'retention_class'
  | 'purpose'

export type Details = { readonly [key: string]: JsonValue | undefined }

export interface Thing extends Carried {
  readonly access: Touched['access']
}

/** Every thing is as strict as the whole call: what a call touched together was in one place together. */
export function callData({ registry, agent, digest }: CallJudge, known: KnownCall): CallData {
  // No registry has an entry of no name: what answers without a name is unclassified.
  const call = { ...known, tool: known.tool ?? '', agent, channel: undefined }
  const classified = classifyCall(registry, call)
  const strictness = strictnessOf(classified)
  const persons = personsIn(classified.touches, known)
  return {
    call: { fields: { ...strictness, ...persons.fields }, details: persons.details },
    things: classified.touches.flatMap((touch) => thingsOf(touch, known, strictness, digest)),
    approval: classified.approval,
  }
}

/** What a record of another kind than data is about: with the access, and the call itself where it touched nothing. */
export function thingsAbout({ call, things }: CallData): readonly Carried[] {
  if (things.length === 0) return [call]
  return things.map(({ access, fields, details }) => ({ fields, details: { access, ...details } }))
}

export type Strictness = Pick<Carried['fields'], 'data_classification' | 'compliance_domains'>

/** A floor, or what a call comes to, as fields. */
export function strictnessOf({ data_classification, compliance_domains }: Floor): Strictness {
  return { data_classification, compliance_domains: [...compliance_domains] }
}

function thingsOf(
  touch: Touched,
  known: KnownCall,
  strictness: Strictness,
  digest: (text: string) => string,
): readonly Thing[] {
  const { access, resource_type, retention_class, purpose } = touch
  const persons = personsIn([touch], known)
  const common = { ...strictness, ...persons.fields, resource_type, retention_class, purpose }
  return resourcesIn(touch.resource_ids, known, digest).map(({ resource_id, details }) => ({
    access,
    fields: { ...common, resource_id },
    details: { ...details, ...persons.details },
  }))
}

interface Resource {
  readonly resource_id: string | undefined
  readonly details: Details
}

function resourcesIn(found: Ids, known: KnownCall, digest: (text: string) => string): readonly Resource[] {
  if (found.missing.some(({ why }) => why === 'too-many')) {
    return [
      { resource_id: undefined, details: { resource_id_digest: digest(canonicalJson([...found.ids], PLAIN_JSON)) } },
    ]
  }
  const details = hasGap(found, known) ? { resource_id_unclaimed: true } : {}
  const ids = found.ids.length === 0 ? [undefined] : found.ids
  return ids.map((resource_id) => ({ resource_id, details }))
}

function personsIn(touches: readonly Touched[], known: KnownCall): Carried {
  const ids = [...new Set(touches.flatMap(({ subject_ids }) => subject_ids.ids))].sort()
  const incomplete = ids.length > MAX_IDS || touches.some(({ subject_ids }) => hasGap(subject_ids, known))
  return {
    fields: { subject_ids: ids.slice(0, MAX_IDS) },
    details: incomplete ? { subject_ids_unclaimed: true } : {},
  }
}

function hasGap({ missing }: Ids, { result }: KnownCall): boolean {
  return missing.some(({ from }) => from === 'arguments' || result !== undefined)
}
