// A draft's metadata, looked at by detectors of one's own as well (spec/detection.md §10). What one of them failed to look at
// does not stand in the record: it is told, so that it can be sealed.

import type { JsonValue } from '../bytes/json.ts'
import type { OwnDraft } from '../formats/entry.ts'
import type { Draft } from '../formats/fields.ts'
import type { Ask } from './detect-with.ts'
import type { Detection } from './detector.ts'
import { type Look, lookWith } from './look.ts'
import { IDS, LABELS, type MaskedMetadata, maskDetails, maskFields, SOURCE_LABELS } from './mask-metadata.ts'
import { masksOf, type Place } from './masked-places.ts'
import { settle } from './settle.ts'
import { detectStructured } from './structured.ts'

/** Stands for a label that not everybody has looked at. */
export const NOT_LOOKED_AT = '[not_looked_at]'

export interface MaskedWith extends Omit<MaskedMetadata, 'draft'> {
  readonly draft: Partial<OwnDraft>
  /** The detectors that failed, sorted. */
  readonly undetectedBy: readonly string[]
  /** What the draft had where now `[not_looked_at]` stands, or no details. */
  readonly withheld: { readonly [member: string]: JsonValue }
}

/**
 * As maskMetadata, with detectors of one's own, which are asked about every text. Where one fails, details are left out as a
 * whole, a label becomes `[not_looked_at]`, and an id has to become a token. The others still count.
 */
export async function maskMetadataWith(draft: Partial<OwnDraft>, ask: Ask): Promise<MaskedWith> {
  const { details, ...fields } = draft
  const answers = await askAbout(draft, ask)
  const look = lookWith((text) => answers.get(text)?.detections ?? unasked())
  const missedFields = fieldsMissed(fields, answers)
  const missesDetails = details !== undefined && isMissed(answers, (collect) => maskDetails(details, collect, []))

  const all: Place[] = []
  maskFields(fields, look, all)
  const wholly = details && maskDetails(details, look, all)

  const places: Place[] = []
  const seen = maskFields(fields, exceptFor(missedFields, look), places)
  if (details !== undefined && !missesDetails) maskDetails(details, look, places)
  const { instead, withheld } = withhold(fields, seen.fields, missedFields)
  return {
    draft: { ...seen.fields, ...instead, ...(wholly === undefined || missesDetails ? {} : { details: wholly }) },
    masked: masksOf(places),
    personal: new Set([...seen.personal, ...IDS.filter((name) => missedFields.has(name))]),
    found: [...new Set(all.map(({ type }) => type))].sort(),
    undetectedBy: [...new Set([...answers.values()].flatMap(({ undetectedBy }) => undetectedBy))].sort(),
    withheld: missesDetails ? { ...withheld, details } : withheld,
  }
}

interface Answer {
  /** What the built-in detector and all that answered found, settled. */
  readonly detections: readonly Detection[]
  readonly undetectedBy: readonly string[]
}

type Answers = ReadonlyMap<string, Answer>

async function askAbout({ details, ...fields }: Partial<OwnDraft>, ask: Ask): Promise<Answers> {
  const texts = new Set<string>()
  const collect = telling((text) => texts.add(text))
  maskFields(fields, collect, [])
  if (details !== undefined) maskDetails(details, collect, [])
  const asked = [...texts].map(async (text): Promise<[string, Answer]> => {
    const { found, undetectedBy } = await ask(text)
    return [text, { detections: settle(text, [...detectStructured(text), ...found]), undetectedBy }]
  })
  return new Map(await Promise.all(asked))
}

/** Finds nothing, and tells each text that it is given, with the words before it. */
function telling(tell: (text: string) => void): Look<never> {
  return lookWith<never>((text) => {
    tell(text)
    return []
  })
}

function isMissed(answers: Answers, walk: (look: Look<never>) => void): boolean {
  let missed = false
  walk(
    telling((text) => {
      if ((answers.get(text)?.undetectedBy.length ?? 0) > 0) missed = true
    }),
  )
  return missed
}

// Fields are looked at behind their own names, each by itself.
function fieldsMissed(fields: Partial<OwnDraft>, answers: Answers): ReadonlySet<string> {
  const missed = new Set<string>()
  maskFields(
    fields,
    (keys) => (text) => {
      if (isMissed(answers, (look) => look(keys)(text))) missed.add(keys.join('.'))
      return []
    },
    [],
  )
  return missed
}

function exceptFor(missed: ReadonlySet<string>, look: Look): Look {
  return (keys) => (missed.has(keys.join('.')) ? () => [] : look(keys))
}

interface Withheld {
  readonly instead: Partial<Omit<Draft, 'details'>>
  readonly withheld: { [member: string]: JsonValue }
}

function withhold(
  { source, ...fields }: Partial<OwnDraft>,
  masked: Partial<OwnDraft>,
  missed: ReadonlySet<string>,
): Withheld {
  const labels = LABELS.filter((name) => missed.has(name))
  const places = SOURCE_LABELS.filter((name) => missed.has(name))
  const of = (names: readonly string[], wordOf: (name: string) => unknown): { [name: string]: JsonValue } =>
    Object.fromEntries(names.map((name) => [name, String(wordOf(name))]))
  const instead = of(labels, () => NOT_LOOKED_AT)
  const withheld = of(labels, (name) => Reflect.get(fields, name))
  if (source === undefined || places.length === 0) return { instead, withheld }
  return {
    instead: { ...instead, source: { ...masked.source, ...of(places, () => NOT_LOOKED_AT) } },
    withheld: { ...withheld, source: of(places, (name) => Reflect.get(source, name)) },
  }
}

function unasked(): never {
  throw new TypeError('a text of the draft was not looked at the first time: this is a bug')
}
