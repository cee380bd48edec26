// What is found in a draft's metadata before it is kept (spec/detection.md §8): texts are masked in their place, ids are
// named so that they become tokens.

import { isIP } from 'node:net'

import type { JsonPath, JsonValue } from '../bytes/json.ts'
import { fitLabel } from '../bytes/label.ts'
import type { OwnDraft } from '../formats/entry.ts'
import { type Draft, MAX_LABEL_BYTES } from '../formats/fields.ts'
import type { DetectedType } from './detector.ts'
import { type Look, lookStructured, rememberingLook } from './look.ts'
import { maskWord, removedWord } from './mask.ts'
import { type Masked, masksOf, type Place } from './masked-places.ts'
import { replaceSpans } from './replace-spans.ts'
import { rewriteJson } from './rewrite-json.ts'
import { isAuthenticationType } from './structured.ts'

/** Short texts, looked at behind the name of their field: an `agent_version` 10.1.2.3 is no address. */
export const LABELS = ['agent_name', 'agent_version', 'model', 'outcome_reason', 'prompt_version', 'purpose'] as const
export const SOURCE_LABELS = ['host', 'service', 'ip'] as const
export const IDS = ['actor_id', 'conversation_id', 'grant_id', 'on_behalf_of', 'producer_id', 'resource_id'] as const

type FieldName = (typeof LABELS)[number] | (typeof SOURCE_LABELS)[number] | (typeof IDS)[number]

/** Looks with the built-in detector, for one ledger: it remembers labels, ids and keys of the records before. */
export function createMetadataLook(): Look {
  return rememberingLook(lookStructured, [...LABELS, ...SOURCE_LABELS, ...IDS])
}

export interface MaskedMetadata {
  /** The same draft where nothing was masked. */
  readonly draft: OwnDraft
  /** What was masked and where, sorted by path; it quotes no value, and is never long. */
  readonly masked: readonly Masked[]
  /** The fields whose id holds something. Masked, two ids could become one: each has to become a token. */
  readonly personal: ReadonlySet<keyof Draft>
  /** Every type that was masked, sorted: what raises the record's classification. */
  readonly found: readonly DetectedType[]
}

/**
 * Masks the labels, the source and the details of a draft. Sensitive authentication data becomes `[removed: TYPE]`, like in
 * content. A draft that was masked can be longer than before.
 * @throws what `look` throws
 */
export function maskMetadata(draft: OwnDraft, look: Look): MaskedMetadata {
  const places: Place[] = []
  const { fields, personal } = maskFields(draft, look, places)
  const masked = draft.details && maskDetails(draft.details, look, places)
  if (places.length === 0) return { draft, masked: [], personal, found: [] }
  return {
    draft: { ...draft, ...fields, ...(masked && { details: masked }) },
    masked: masksOf(places),
    personal,
    found: [...new Set(places.map(({ type }) => type))].sort(),
  }
}

/** Everything but the details. The places of what was masked are added to `places`. */
export function maskFields(
  draft: Partial<OwnDraft>,
  look: Look,
  places: Place[],
): { readonly fields: Partial<OwnDraft>; readonly personal: MaskedMetadata['personal'] } {
  const { length } = places
  const labels = maskLabels(draft, LABELS, undefined, look, places)
  const source =
    draft.source &&
    maskLabels(draft.source, sourceLabels(draft.source), { above: undefined, step: 'source' }, look, places)
  const holding = IDS.filter((name) => holdsSomething(name, draft[name], look))
  return {
    fields: places.length === length ? draft : { ...labels, ...(source && { source }) },
    personal: holding.length === 0 ? NONE : new Set(holding),
  }
}

const NONE: MaskedMetadata['personal'] = new Set()

// An address is declared to be one; another text in its place is looked at like any other.
function sourceLabels({
  ip,
}: NonNullable<Draft['source']>): readonly (keyof NonNullable<Draft['source']> & FieldName)[] {
  return ip === undefined || isIP(ip) !== 0 ? ['host', 'service'] : SOURCE_LABELS
}

/** `of` itself where nothing was found. */
function maskLabels<Name extends FieldName, Holder extends { readonly [name in Name]?: string }>(
  of: Holder,
  names: readonly Name[],
  above: JsonPath,
  look: Look,
  places: Place[],
): Holder {
  let masked = of
  for (const name of names) {
    const text = of[name]
    if (text === undefined) continue
    const spans = look([name])(text)
    if (spans.length === 0) continue
    for (const { type } of spans) places.push({ path: { above, step: name }, type })
    // Masks are longer than most of what they stand for.
    masked = { ...masked, [name]: fitLabel(replaceSpans(text, spans, wordFor, ''), MAX_LABEL_BYTES) }
  }
  return masked
}

export function maskDetails(details: Details, look: Look, places: Place[]): Details {
  const { value, replaced } = rewriteJson(details, look, wordFor, { above: undefined, step: 'details' })
  places.push(...replaced)
  // An object is rewritten as an object.
  return value as Details
}

type Details = { [key: string]: JsonValue }

function wordFor(type: DetectedType): string {
  return isAuthenticationType(type) ? removedWord(type) : maskWord(type)
}

function holdsSomething(name: FieldName, id: string | undefined, look: Look): boolean {
  return id !== undefined && look([name])(id).length > 0
}
