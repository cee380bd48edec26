// Sealed content in the verdict (spec/verification.md §7): what a store shows of it, what comes of opening it, and what the
// axis says. The keys themselves are no matter of the verifier: whoever has them opens, and answers what came of it.

import type { ContentReference } from '../formats/fields.ts'
import type { FindingList, Place } from './finding.ts'
import type { AxisReport } from './report.ts'

/** Whether every stored byte is read, or only that payloads and their content keys are there. */
export type ContentReading = 'read' | 'not read'

/** Payloads that entries name, each counted where it is named first, and the stored bytes of them that were read. */
export interface ContentTally {
  readonly payloads: number
  readonly bytes: number
}

/** A payload as an entry names it. */
export interface NamedContent {
  readonly place: Place & { readonly seq: number }
  /** The conversation_id; empty where there is none. */
  readonly conversation: string
  readonly reference: ContentReference
  /** `first`: no entry before names this payload. */
  readonly named: 'first' | 'again'
}

/** A record `content_erased`. */
export interface ErasureRecord {
  readonly ledger: string
  readonly seq: number
  /** `decided`: its keys are not gone yet. */
  readonly phase: 'decided' | 'erasing' | 'erased'
  /** Where the content is about a subject of it by a later link: the seq of that, in the ledger of the content. */
  readonly link?: number
}

/** The sealed content of one ledger, as a store shows it to whoever has the keys. Nothing here is as it should be for sure. */
export interface SealedContents {
  /** The origin. */
  readonly ledger: string
  /** In the order of seq, read as it is asked for. */
  named(): AsyncIterable<NamedContent>
  /** The content key that is stored; `undefined` where none can be read. */
  contentKey(blob_id: string): Promise<Uint8Array | undefined>
  /** The stored bytes, piece by piece, up to one that is not there or not of its size. */
  stored(reference: ContentReference): AsyncIterable<Uint8Array>
  /** The newest record behind the entry that erases this content: about one of its subjects, or its conversation's, or one that it was linked to. */
  erasureBehind(named: NamedContent): Promise<ErasureRecord | undefined>
}

/** What came of opening the content of one ledger. */
export type ContentOpening =
  | {
      readonly state: 'not opened'
      /** In words. */
      readonly why: string
    }
  | {
      readonly state: 'opened'
      /** Payloads that open, and are what the entries commit to. */
      readonly opened: number
      /** Payloads whose keys were destroyed, as records say. */
      readonly erased: number
      readonly erasures: readonly ErasureRecord[]
      readonly findings: Pick<FindingList, 'first' | 'counts'>
      /** What kept the rest from being opened, in words. */
      readonly stopped?: string
    }

/** Opens content with the keys that it has. What is in its way is an answer, and altered content a finding. */
export interface ContentOpener {
  open(contents: SealedContents): Promise<ContentOpening>
}

/** What was looked at of sealed content, of one ledger or of several that continue each other. */
export interface ContentEvidence {
  readonly reading: ContentReading
  readonly tallies: readonly ContentTally[]
  /** Nothing where nobody was asked to open it. */
  readonly openings: readonly ContentOpening[]
}

/** Of what has no sealed content. */
export const NO_CONTENT: ContentEvidence = { reading: 'not read', tallies: [], openings: [] }

/** How findings name a payload. */
export function contentName({ name }: Pick<ContentReference, 'name'>): string {
  return `content ${JSON.stringify(name)}`
}

/** What the content axis says where no finding contradicts it. */
export function contentAxis({ reading, tallies, openings }: ContentEvidence, origin: string): AxisReport {
  const payloads = sum(tallies.map((tally) => tally.payloads))
  if (reading === 'not read' || payloads === 0) return { verdict: 'intact', says: 'intact' }
  const read = `${counted(payloads, 'payload')}, ${counted(sum(tallies.map(({ bytes }) => bytes)), 'byte')} read`
  const done = openings.filter((opening) => opening.state === 'opened')
  if (done.length === 0) return { verdict: 'intact', says: `intact: ${read}` }
  const opened = sum(done.map((opening) => opening.opened))
  const commitments = opened === 1 ? 'equal to its commitment' : 'equal to their commitments'
  return { verdict: 'intact', says: `intact: ${read}; ${opened} opened and ${commitments}${erasedOf(done, origin)}` }
}

function erasedOf(opened: readonly (ContentOpening & { readonly state: 'opened' })[], origin: string): string {
  const erased = sum(opened.map((opening) => opening.erased))
  if (erased === 0) return ''
  return `; ${erased} unavailable: erased under the ${recordsIn(
    opened.flatMap(({ erasures }) => erasures),
    origin,
  )}`
}

/** Records named in a sentence; more are counted. */
const NAMED = 3

function recordsIn(erasures: readonly ErasureRecord[], origin: string): string {
  const places = [...new Set(erasures.map(({ ledger, seq }) => (ledger === origin ? `${seq}` : `${seq} of ${ledger}`)))]
  const more = places.length > NAMED ? ` and ${places.length - NAMED} more` : ''
  return `${places.length === 1 ? 'record' : 'records'} at seq ${places.slice(0, NAMED).join(', ')}${more}`
}

/** What was not checked of sealed content; nothing where there is none. */
export function contentNotChecked({ reading, tallies, openings }: ContentEvidence): string[] {
  const payloads = sum(tallies.map((tally) => tally.payloads))
  if (payloads === 0) return []
  const them = payloads === 1 ? 'it' : 'them'
  if (reading === 'not read') return [`sealed content: ${counted(payloads, 'payload')}; --content reads ${them}`]
  if (openings.length === 0) return [`${OPENS}: that takes the keys`]
  const why = openings.flatMap((opening) => (opening.state === 'opened' ? (opening.stopped ?? []) : opening.why))
  const erased = sum(openings.map((opening) => (opening.state === 'opened' ? opening.erased : 0)))
  return [
    ...[...new Set(why)].map((reason) => `${OPENS}: not opened: ${reason}`),
    ...(erased === 0 ? [] : [`whether ${counted(erased, 'erased payload')} held what the entries commit to`]),
  ]
}

/** What is not checked where entries come without the database that they lie in. */
export function contentApart(references: number): string {
  return `sealed content: named ${counted(references, 'time')}, and no part of this; verify --ledger --content reads it`
}

const OPENS = 'whether sealed content opens, and is what the entries commit to'

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
