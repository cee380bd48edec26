// What is found in a draft's metadata before it is kept (spec/detection.md §8): texts are masked in their place, ids are
// named so that they become tokens.

import { isIP } from 'node:net'

import type { JsonPath, JsonValue } from '../bytes/json.ts'
import type { OwnDraft } from '../formats/entry.ts'
import { type Draft, MAX_LABEL_BYTES } from '../formats/fields.ts'
import { detectWith } from './detect-with.ts'
import type { DetectedType, Detection, Detector } from './detector.ts'
import { type Look, lookStructured, lookWith, rememberingLook } from './look.ts'
import { maskWord } from './mask.ts'
import { type Masked, masksOf, type Place } from './masked-places.ts'
import { removedWord } from './remove-authentication-data.ts'
import { replaceSpans } from './replace-spans.ts'
import { rewriteJson } from './rewrite-json.ts'
import { isAuthenticationType } from './structured.ts'

const CUT = '…'

/** Short texts, looked at behind the name of their field: an `agent_version` 10.1.2.3 is no address. */
const LABELS = ['agent_name', 'agent_version', 'model', 'outcome_reason', 'prompt_version', 'purpose'] as const
const SOURCE_LABELS = ['host', 'service'] as const
const IDS = ['actor_id', 'conversation_id', 'grant_id', 'on_behalf_of', 'producer_id', 'resource_id'] as const

type FieldName = 'ip' | (typeof LABELS)[number] | (typeof SOURCE_LABELS)[number] | (typeof IDS)[number]

/** Looks with the built-in detector, for one ledger: it remembers labels, ids and keys of the records before. */
export function createMetadataLook(): Look {
  return rememberingLook(lookStructured, [...LABELS, ...SOURCE_LABELS, 'ip', ...IDS])
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
  const labels = maskLabels(draft, LABELS, undefined, look, places)
  const source =
    draft.source &&
    maskLabels(draft.source, sourceLabels(draft.source), { above: undefined, step: 'source' }, look, places)
  const details = draft.details && maskDetails(draft.details, look, places)
  return {
    draft: places.length === 0 ? draft : { ...labels, ...(source && { source }), ...(details && { details }) },
    masked: masksOf(places),
    personal: new Set(IDS.filter((name) => holdsSomething(name, draft[name], look))),
    found: [...new Set(places.map(({ type }) => type))].sort(),
  }
}

// An address is declared to be one; another text in its place is looked at like any other.
function sourceLabels({
  ip,
}: NonNullable<Draft['source']>): readonly (keyof NonNullable<Draft['source']> & FieldName)[] {
  return ip === undefined || isIP(ip) !== 0 ? SOURCE_LABELS : [...SOURCE_LABELS, 'ip']
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
    masked = { ...masked, [name]: fitLabel(replaceSpans(text, spans, wordFor, '')) }
  }
  return masked
}

function maskDetails(details: Details, look: Look, places: Place[]): Details {
  const { value, replaced } = rewriteJson(details, look, wordFor, { above: undefined, step: 'details' })
  places.push(...replaced)
  // An object is rewritten as an object.
  return value as Details
}

type Details = { [key: string]: JsonValue }

function wordFor(type: DetectedType): string {
  return isAuthenticationType(type) ? removedWord(type) : maskWord(type)
}

/** Masks are longer than most of what they stand for: what is more than a label may have is cut off. */
function fitLabel(text: string): string {
  if (Buffer.byteLength(text) <= MAX_LABEL_BYTES) return text
  let fits = ''
  let bytes = Buffer.byteLength(CUT)
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > MAX_LABEL_BYTES) break
    fits += character
  }
  return fits + CUT
}

function holdsSomething(name: FieldName, id: string | undefined, look: Look): boolean {
  return id !== undefined && look([name])(id).length > 0
}

export type MaskedWith =
  | ({ readonly state: 'masked' } & MaskedMetadata)
  /** The names of the detectors that failed. Nobody has looked at the draft for them: it is to be refused. */
  | { readonly state: 'undetected'; readonly by: readonly string[] }

/** The same with detectors of one's own, which are asked about every text. */
export async function maskMetadataWith(draft: OwnDraft, detectors: readonly Detector[]): Promise<MaskedWith> {
  if (detectors.length === 0) return { state: 'masked', ...maskMetadata(draft, lookStructured) }
  const texts = new Set<string>()
  maskMetadata(draft, lookWith(collectInto(texts)))
  const found = new Map<string, readonly Detection[]>()
  const failed = new Set<string>()
  await Promise.all(
    [...texts].map(async (text) => {
      const { detections, undetectedBy } = await detectWith(text, detectors)
      found.set(text, detections)
      for (const name of undetectedBy) failed.add(name)
    }),
  )
  if (failed.size > 0) return { state: 'undetected', by: [...failed].sort() }
  return {
    state: 'masked',
    ...maskMetadata(
      draft,
      lookWith((text) => found.get(text) ?? unasked()),
    ),
  }
}

function collectInto(texts: Set<string>): (text: string) => readonly Detection[] {
  return (text) => {
    texts.add(text)
    return []
  }
}

function unasked(): never {
  throw new TypeError('a text of the draft was not looked at the first time: this is a bug')
}
