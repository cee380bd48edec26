// The sealed content of a ledger for whoever opens it (verify/content.ts): what entries name, in the order of seq, and what is
// stored for it. What cannot be read is passed over: verifying without keys says what is wrong with it.

import { parseEntry } from '../../formats/entry.ts'
import type { ContentReference } from '../../formats/fields.ts'
import type { ErasureRecord, NamedContent, SealedContents } from '../content.ts'
import { erasedContents } from './erased-contents.ts'
import { firstNaming, type IsFirst } from './payloads.ts'
import type { LedgerNo, ListedLedger, StoredBytes, StoredLedgers, StoredLog } from './stored-log.ts'

export interface ContentSource {
  readonly ledgers: StoredLedgers
  /** Every ledger that the store lists. */
  readonly listed: readonly ListedLedger[]
  readonly origin: string
  /** `undefined`: the store has no such ledger. */
  readonly no: LedgerNo | undefined
  readonly log: StoredLog
  /** The entries whose content it is, in the order of seq. */
  entries(): AsyncIterable<readonly StoredBytes[]>
  readonly isFirst: IsFirst
  /** Records from this seq on are not verified, and say nothing. */
  readonly size: number
}

/** The content of the entries `from` to `size`. */
export function contentOfStretch(ledger: Omit<ContentSource, 'entries' | 'isFirst'>, from: number): ContentSource {
  const { log, size } = ledger
  return { ...ledger, entries: () => log.entriesWithContent({ from, to: size }), isFirst: firstNaming(log, from) }
}

export function sealedContents(source: ContentSource): SealedContents {
  const { origin, log } = source
  let erasures: ReturnType<typeof erasedContents> | undefined
  return {
    ledger: origin,
    async *named() {
      for await (const page of source.entries()) yield* await namedBy(page, source.isFirst)
    },
    async contentKey(blob_id) {
      const [head] = await log.payloadHeads([blob_id])
      return head === undefined || 'unreadable' in head ? undefined : head.content_key
    },
    stored: (reference) => storedBytes(log, reference),
    async erasureBehind(named): Promise<ErasureRecord | undefined> {
      erasures ??= erasedContents(source)
      return (await erasures).behind(named)
    },
  }
}

async function* storedBytes(log: StoredLog, reference: ContentReference): AsyncGenerator<Uint8Array> {
  for await (const chunk of log.chunks(reference)) {
    if (chunk === 'absent' || 'unreadable' in chunk) return
    yield chunk
  }
}

async function namedBy(entries: readonly StoredBytes[], isFirst: IsFirst): Promise<NamedContent[]> {
  const namings = entries.flatMap(namingsIn)
  const firsts = await isFirst(namings.map(({ place: { seq }, reference: { blob_id } }) => ({ seq, blob_id })))
  return namings.map(({ repeated, ...naming }, i) => ({
    ...naming,
    named: !repeated && firsts[i] === true ? 'first' : 'again',
  }))
}

/** `repeated`: the entry names the payload twice. */
type Naming = Omit<NamedContent, 'named'> & { readonly repeated: boolean }

function namingsIn({ seq, bytes }: StoredBytes): Naming[] {
  const parsed = parseEntry(bytes)
  if ('fault' in parsed) return []
  const { id, conversation_id: conversation = '', content = [] } = parsed.entry
  const before = new Set<string>()
  return content.map((reference) => {
    const repeated = before.has(reference.blob_id)
    before.add(reference.blob_id)
    return { place: { seq, id }, conversation, reference, repeated }
  })
}
