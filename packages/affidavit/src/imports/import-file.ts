// Importing a file: good lines are recorded, bad ones are told with their number. Memory stays flat: a bounded number
// of drafts is under way, and the file is read on when they are durable.

import { basename } from 'node:path'

import { JsonFault, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { unreachable } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { EMPTY_REGISTRY } from '../registry/empty-registry.ts'
import type { Registry } from '../registry/registry.ts'
import { type Conversation, parseChatLine } from './chat-line.ts'
import { ImportFault } from './fault.ts'
import { conversationDrafts } from './openai-chat.ts'
import { createPromptHistory } from './prompt-version.ts'
import { type LineRead, readLines } from './read-lines.ts'
import { type ConversationKey, conversationKey } from './record-id.ts'
import { type ContentSize, contentSize } from './sealed-content.ts'
import { createTally, type ImportCounts, type ImportReport, type Refusal, type Tally } from './tally.ts'
import type { ImportContext } from './thread.ts'
import { unclassifiedTools } from './unclassified-tools.ts'

/** Drafts that are under way at once, and bytes of content with them; but for the last one's, which may be more. */
const CHUNK = 500
const CHUNK_BYTES = 8 * 2 ** 20

export interface ImportProgress extends ImportCounts {
  /** Of the file as it lies on the disk. */
  readonly bytes_read: number
  readonly bytes_total: number
}

export interface ImportOptions {
  readonly ledger: Pick<Ledger, 'origin' | 'digest' | 'appendMany'>
  readonly file: string
  /** What the tools touch; a tool that is not in it is `unclassified`, and every one where it is left out. */
  readonly registry?: Registry | undefined
  /** Called whenever records have become durable, and at the end. */
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined
}

/**
 * Imports a file of OpenAI chats, one conversation a line (spec/import.md). A line is accepted whole or refused whole;
 * when this resolves, everything that was accepted is durable. What was imported before is a duplicate; what stands in
 * the ledger with other content under the same conversation and position is a conflict, recorded as such.
 * @throws ImportFault where the file cannot be opened; LedgerError where the ledger cannot record: what was recorded
 * until then stays, and importing the file again completes it.
 */
export async function importOpenAiChat({
  ledger,
  file,
  registry = EMPTY_REGISTRY,
  onProgress,
}: ImportOptions): Promise<ImportReport> {
  const tally = createTally()
  const sizes = { bytes_read: 0, bytes_total: 0 }
  const lines = readLines(file, (read, total) => {
    sizes.bytes_read = read
    sizes.bytes_total = total
  })
  const context: Omit<ImportContext, 'key'> = {
    origin: ledger.origin,
    registry,
    prompts: createPromptHistory(),
    digest: (text) => ledger.digest(text),
  }
  for await (const chunk of inChunks(draftsOf(lines, basename(file), context, tally))) {
    const outcomes = await ledger.appendMany(chunk.map(({ draft }) => draft))
    for (const [i, { line, content }] of chunk.entries()) {
      tally.settle(line, content, outcomes[i] ?? unreachable('a draft was appended and has no outcome'))
    }
    onProgress?.({ ...tally.counts(), ...sizes })
  }
  const report = tally.report()
  onProgress?.({ ...tally.counts(), ...sizes })
  return report
}

interface Numbered {
  readonly line: number
  readonly draft: Draft
  readonly content: ContentSize
}

async function* draftsOf(
  lines: AsyncIterable<LineRead>,
  file: string,
  context: Omit<ImportContext, 'key'>,
  tally: Tally,
): AsyncGenerator<Numbered> {
  for await (const read of lines) {
    const { line } = read
    const parsed = 'problem' in read ? { line, path: '', problem: read.problem } : parseLine(read.text, file, line)
    if ('problem' in parsed) {
      tally.refuse(parsed)
      continue
    }
    tally.accept(parsed.conversation, unclassifiedTools(parsed.conversation, context.registry))
    for (const draft of conversationDrafts(parsed.conversation, { ...context, key: parsed.key })) {
      yield { line, draft, content: contentSize(draft) }
    }
  }
}

function parseLine(
  text: string,
  file: string,
  line: number,
): { readonly conversation: Conversation; readonly key: ConversationKey } | Refusal {
  try {
    const conversation = parseChatLine(parseJson(text, PLAIN_JSON))
    return { conversation, key: conversationKey(conversation.id, file, line) }
  } catch (error) {
    if (error instanceof ImportFault) return { line, path: error.path, problem: error.problem }
    if (error instanceof JsonFault) return { line, path: error.path, problem: `is not JSON: ${problemOf(error)}` }
    throw error
  }
}

function problemOf({ message, path }: JsonFault): string {
  return path === '' ? message : message.slice(path.length + 2)
}

async function* inChunks(drafts: AsyncIterable<Numbered>): AsyncGenerator<readonly Numbered[]> {
  let chunk: Numbered[] = []
  let bytes = 0
  for await (const draft of drafts) {
    chunk.push(draft)
    bytes += draft.content.bytes
    if (chunk.length < CHUNK && bytes < CHUNK_BYTES) continue
    yield chunk
    chunk = []
    bytes = 0
  }
  if (chunk.length > 0) yield chunk
}
