// What verification does with the sealed content of a ledger, besides comparing it with the entries: it has it opened, by
// whoever has the keys.

import {
  type ContentEvidence,
  type ContentOpener,
  type ContentOpening,
  type ContentReading,
  type ContentTally,
  NO_CONTENT,
} from '../content.ts'
import type { FindingList } from '../finding.ts'
import { type ContentSource, sealedContents } from './sealed-contents.ts'
import type { VerifyAnswer } from './tasks.ts'

export interface ContentOptions {
  /**
   * Whether every byte of sealed content is read too. That it is there, and that its content keys are those that were
   * recorded, is checked in any case.
   */
  readonly payloadBytes?: ContentReading
  /** Opens what is sealed, with its keys; then every byte is read in any case. */
  readonly openContent?: ContentOpener
}

export function contentReading({ payloadBytes = 'not read', openContent }: ContentOptions): ContentReading {
  return openContent === undefined ? payloadBytes : 'read'
}

/** Has the content opened where that is asked for and there is any; adds what is found. */
export async function openContents(
  { tally, source }: { readonly tally: ContentTally; readonly source: ContentSource },
  options: ContentOptions,
  findings: FindingList,
): Promise<ContentEvidence> {
  const { openContent } = options
  const openings: ContentOpening[] = []
  if (openContent !== undefined && tally.payloads > 0) openings.push(await openContent.open(sealedContents(source)))
  for (const opening of openings) if (opening.state === 'opened') findings.addAll(opening.findings)
  return { reading: contentReading(options), tallies: [tally], openings }
}

/** What was looked at in several ledgers. */
export function joinContents(contents: readonly ContentEvidence[]): ContentEvidence {
  return {
    reading: contents[0]?.reading ?? NO_CONTENT.reading,
    tallies: contents.flatMap(({ tallies }) => tallies),
    openings: contents.flatMap(({ openings }) => openings),
  }
}

/** What the stretches of a ledger have of sealed content, together. */
export function talliesOf(answers: readonly VerifyAnswer[]): ContentTally {
  const tallies = answers.flatMap((answer) => (answer.kind === 'chunk' ? [answer.content] : []))
  return tallies.reduce(
    (all, { payloads, bytes }) => ({ payloads: all.payloads + payloads, bytes: all.bytes + bytes }),
    { payloads: 0, bytes: 0 },
  )
}
