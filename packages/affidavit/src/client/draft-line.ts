// A draft as a line of a request (spec/http.md §3): checked as an append checks it, and out of its caller's hands.

import { toBase64 } from '../bytes/base64.ts'
import { concatBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { uuidV7 } from '../bytes/uuid.ts'
import type { Clock } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { ApplicationActions } from '../formats/actions.ts'
import { bodySize, parseDraft } from '../formats/draft.ts'
import { canonicalDraft, canonicalFields } from '../formats/entry.ts'
import { type DraftContent, MAX_DRAFT_BYTES } from '../formats/fields.ts'
import { piecesOf } from '../ledger/clean-body.ts'
import { fewAtOnce } from '../ledger/few-at-once.ts'
import { draftTooLarge, inOurWords } from '../ledger/receive.ts'

export interface DraftLine {
  readonly id: string
  /** Drafts of one conversation are recorded in the order of the calls, and so are those of none. */
  readonly conversation: string
  /** With its newline. A promise where a file is read first. @throws LedgerError `invalid-draft` (it cannot be read), `draft-too-large` */
  readonly bytes: Uint8Array | Promise<Uint8Array>
}

export interface LineParts {
  readonly actions: ApplicationActions
  readonly clock: Clock
  readonly random: RandomSource
}

/** What a server takes in a line. */
const MAX_LINE_BYTES = 67_108_864
/** Drafts whose files are read at a time. */
const AT_ONCE = 4

/** @throws LedgerError `invalid-draft` with the path, `draft-too-large` */
export function createDraftLines({ actions, clock, random }: LineParts): (value: unknown) => DraftLine {
  const few = fewAtOnce(AT_ONCE)
  return (value) =>
    inOurWords(() => {
      const { content = [], ...fields } = parseDraft(value, actions)
      const id = fields.id ?? uuidV7(clock.now(), random(10))
      const text = canonicalDraft(canonicalFields({ ...fields, id }))
      const size = Buffer.byteLength(text)
      if (size > MAX_DRAFT_BYTES) throw draftTooLarge(`the draft has ${size} bytes of canonical JSON`, '')
      const size_of_all = content.reduce((sum, { body }) => sum + bodySize(body), size)
      if (size_of_all > MAX_LINE_BYTES) throw lineTooLarge(size_of_all)
      const files = content.some(({ body }) => body instanceof Blob)
      const bytes = files ? few(async () => lineOf(text, await readAll(content))) : lineOf(text, content)
      return { id, conversation: fields.conversation_id ?? '', bytes }
    })
}

async function readAll(contents: readonly DraftContent[]): Promise<readonly DraftContent[]> {
  const read: DraftContent[] = []
  for (const content of contents) {
    const { body } = content
    read.push(body instanceof Blob ? { ...content, body: await readFile(body) } : content)
  }
  return read
}

async function readFile(body: Blob): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of piecesOf(body)) pieces.push(piece)
  return concatBytes(...pieces)
}

function lineOf(text: string, contents: readonly DraftContent[]): Uint8Array {
  const content = contents.length === 0 ? '' : `,"content":${JSON.stringify(contents.map(inJson))}`
  const line = utf8(`${text.slice(0, -1)}${content}}\n`)
  if (line.length > MAX_LINE_BYTES) throw lineTooLarge(line.length)
  return line
}

function inJson({ body, ...named }: DraftContent): unknown {
  if (body instanceof Blob) throw new TypeError('a file that was not read; this is a bug')
  // JSON text is held to shorter limits than bytes are, and has no NUL.
  if (typeof body === 'string' && body.length <= SHORT && !body.includes('\0')) return { ...named, body }
  return { ...named, encoding: 'base64', body: toBase64(typeof body === 'string' ? utf8(body) : body) }
}

const SHORT = 8_192

function lineTooLarge(bytes: number): LedgerError {
  return new LedgerError('draft-too-large', {
    problem: `the draft and its contents have ${bytes} bytes, in base64 where they are no text; over HTTP it has at most ${MAX_LINE_BYTES}`,
    cure: 'divide the content over several records, or record it with the embedded ledger',
    path: 'content',
  })
}
