// A draft that was received, looked at by detectors of one's own (spec/detection.md §10). Nothing that one of them failed to
// look at stands in its record, and nothing of it is lost: it is sealed like content.

import { canonicalJson, ENTRY_JSON } from '../bytes/json.ts'
import type { Ask } from '../classify/detect-with.ts'
import { type MaskedWith, maskMetadataWith, NOT_LOOKED_AT } from '../classify/mask-metadata-with.ts'
import { createNames } from '../classify/rewrite-json.ts'
import { changedFields, type OwnDraft, rewriteFields } from '../formats/entry.ts'
import type { DraftContent } from '../formats/fields.ts'
import { isLateFact } from '../formats/late-facts.ts'
import { namesAPerson, type Received } from './receive.ts'

/** The content that holds what was withheld from the record. */
const WITHHELD = 'metadata'

/**
 * Looks at a draft once more. `ask` is asked about every text of a caller's draft; of a late fact's details about the reason,
 * and of a record of the ledger about why: the rest of these are words of a vocabulary, counts and tokens.
 * @throws DraftFault where the name of a content holds what identifies a person; JsonFault where masks make the draft too long
 */
export async function receiveWith(received: Received, by: 'caller' | 'ledger', ask: Ask): Promise<Received> {
  const { own, fields, content } = received
  const [seen, names] = await Promise.all([
    maskMetadataWith(askedOf(own, by), ask),
    Promise.all(content.map(async ({ name }, i) => nameFor(name, i, ask))),
  ])
  const kept = keptOf(received, seen, by)
  const texts = rewriteFields(fields, own, kept)
  const freeName = createNames()
  const contentNames = names.map(({ name }) => freeName(name))
  return {
    ...received,
    kept: kept.details === undefined ? changedFields(texts, { details: undefined }) : texts,
    details: kept.details,
    looked: kept,
    masked: byPath([...received.masked, ...seen.masked]).filter(({ path }) => !isWithheld(path, seen)),
    personal: new Set([...received.personal, ...seen.personal]),
    found: [...new Set([...received.found, ...seen.found])].sort(),
    undetectedBy: [...new Set([...seen.undetectedBy, ...names.flatMap(({ undetectedBy }) => undetectedBy)])].sort(),
    contentNames,
    withheld: withheldContent(seen, freeName),
  }
}

function askedOf({ details, ...fields }: OwnDraft, by: 'caller' | 'ledger'): Partial<OwnDraft> {
  if (by === 'ledger') {
    const { outcome_reason, purpose } = fields
    return { ...(outcome_reason !== undefined && { outcome_reason }), ...(purpose !== undefined && { purpose }) }
  }
  if (details === undefined || !isLateFact(fields.action)) return { ...fields, ...(details && { details }) }
  return details.reason === undefined ? fields : { ...fields, details: { reason: details.reason } }
}

/** What is kept: what was seen where it was asked about, and what the built-in detector left where it was not. */
function keptOf({ looked, own }: Received, { draft, withheld }: MaskedWith, by: 'caller' | 'ledger'): OwnDraft {
  const { details, ...fields } = { ...looked, ...draft }
  if (by === 'ledger') return { ...fields, ...(looked.details && { details: looked.details }) }
  if (!isLateFact(own.action)) return { ...fields, ...(draft.details && { details: draft.details }) }
  const reason = withheld.details === undefined ? draft.details?.reason : NOT_LOOKED_AT
  return { ...fields, details: { ...looked.details, ...(reason !== undefined && { reason }) } }
}

interface Named {
  readonly name: string
  readonly undetectedBy: readonly string[]
}

// A name cannot become a token: another one takes its place.
async function nameFor(name: string, i: number, ask: Ask): Promise<Named> {
  const before = 'content: '
  const { found, undetectedBy } = await ask(before + name)
  if (found.some(({ end }) => end > before.length)) throw namesAPerson(i)
  return { name: undetectedBy.length === 0 ? name : `content ${i + 1}`, undetectedBy }
}

function byPath(masked: Received['masked']): Received['masked'] {
  return [...new Map(masked.map((one) => [one.path, one])).values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function isWithheld(path: string, { withheld }: MaskedWith): boolean {
  return Object.keys(withheld).some(
    (name) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`),
  )
}

function withheldContent({ withheld }: MaskedWith, freeName: (name: string) => string): DraftContent | undefined {
  if (Object.keys(withheld).length === 0) return undefined
  const body = canonicalJson(withheld, ENTRY_JSON)
  return { name: freeName(WITHHELD), media_type: 'application/json', body }
}
