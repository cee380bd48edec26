// Drafts as JSON lines, recorded side by side and answered in their order.

import { ENTRY_JSON, JsonFault, type JsonValue, parseJson } from '../bytes/json.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import type { Appended } from '../ledger/ledger.ts'
import { readDraftJson } from './draft-json.ts'
import type { LineRead } from './read-lines.ts'

/** What becomes of one line. */
export type LineOutcome =
  | { readonly line: number; readonly appended: Appended }
  /** The line is to blame; others go on. */
  | { readonly line: number; readonly refused: LedgerError }
  /** What keeps the ledger from recording, or nobody knows whether it did. */
  | { readonly line: number; readonly failed: unknown }

export type AppendDraft = (draft: Draft) => Promise<Appended>

/** Lines under way at once: enough for group commit, few enough to hold in memory. */
const WINDOW = 1000

/**
 * The oldest is answered first, as soon as it is settled, also while no further line has come. A slow reader of the answers slows the
 * lines down.
 */
export async function* appendLines(
  lines: AsyncIterable<LineRead>,
  append: AppendDraft,
  window: number = WINDOW,
): AsyncGenerator<LineOutcome> {
  const source = lines[Symbol.asyncIterator]()
  const underWay: Promise<LineOutcome>[] = []
  try {
    for (let next = nextOf(source); ; ) {
      const [oldest] = underWay
      if (oldest !== undefined && (underWay.length >= window || (await first(next, oldest)) === 'outcome')) {
        underWay.shift()
        yield await oldest
        continue
      }
      const read = await next
      if (read.done === true) break
      underWay.push(settle(read.value, append))
      next = nextOf(source)
    }
    for (const one of underWay) yield await one
  } finally {
    await source.return?.()
  }
}

// What fails is thrown in its turn; until then it must not count as unhandled.
function nextOf(source: AsyncIterator<LineRead>): Promise<IteratorResult<LineRead>> {
  const next = source.next()
  next.catch(() => undefined)
  return next
}

function first(next: Promise<unknown>, oldest: Promise<unknown>): Promise<'line' | 'outcome'> {
  return Promise.race([next.then(() => 'line' as const), oldest.then(() => 'outcome' as const)])
}

async function settle(read: LineRead, append: AppendDraft): Promise<LineOutcome> {
  const { line } = read
  try {
    if ('problem' in read) throw badDraft('', read.problem)
    return { line, appended: await append(parseDraftText(read.text)) }
  } catch (error) {
    if (error instanceof LedgerError && error.blame === 'caller' && error.code !== 'ledger-closed')
      return { line, refused: error }
    return { line, failed: error }
  }
}

/** The draft of a JSON text. @throws LedgerError `invalid-draft` where it is none */
function parseDraftText(text: string): Draft {
  return readDraftJson(parsed(text))
}

function parsed(text: string): JsonValue {
  try {
    return parseJson(text, ENTRY_JSON)
  } catch (error) {
    if (error instanceof JsonFault) throw badDraft(error.path, error.message)
    throw error
  }
}

function badDraft(path: string, problem: string): LedgerError {
  return new LedgerError('invalid-draft', { problem, path })
}
