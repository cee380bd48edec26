// What changed in a prompt, line by line (spec/authority.md §4).

import { structuredPatch } from 'diff'

import { JsonFault, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { wholeBody } from '../ledger/open-content.ts'
import type { RevealedRecord } from '../ledger/reading.ts'
import type { Version } from './version-history.ts'

/** A change of a prompt with its texts, as far as they can be opened. */
export interface PromptChange {
  readonly seq: number
  readonly version: string
  readonly previous?: string
  readonly text?: string
  readonly previous_text?: string
  /** In the unified format; absent where a text is missing, or where they have too little in common. */
  readonly diff?: string
}

/** Texts that differ in more lines are told apart by reading both. */
const MAX_DIFFERENT_LINES = 2_000
const CONTEXT_LINES = 3

/** The changes of an agent's prompts, in the order of seq. What came before is the version that one names, else the change before. */
export async function promptChanges(
  prompts: readonly Version[],
  revealed: readonly RevealedRecord[],
): Promise<readonly PromptChange[]> {
  const texts = new Map<number, Texts>()
  for (const one of revealed) texts.set(one.record.seq, await textsOf(one))
  const newest = new Map<string, string>()
  let last: string | undefined
  const changes = prompts.flatMap(({ version, changes: all }) => all.map((change) => ({ ...change, version })))
  return changes
    .sort((one, other) => one.seq - other.seq)
    .map(({ seq, version, previous }) => {
      const { prompt, before = previous === undefined ? last : newest.get(previous) } = texts.get(seq) ?? {}
      if (prompt !== undefined) newest.set(version, prompt)
      last = prompt
      const diff = prompt === undefined || before === undefined ? undefined : diffOf(before, prompt)
      return {
        seq,
        version,
        ...(previous === undefined ? {} : { previous }),
        ...(prompt === undefined ? {} : { text: prompt }),
        ...(before === undefined ? {} : { previous_text: before }),
        ...(diff === undefined ? {} : { diff }),
      }
    })
}

interface Texts {
  readonly prompt?: string
  readonly before?: string
}

/** Imports call the text `instructions`. */
const NAMES: ReadonlyMap<string, keyof Texts> = new Map([
  ['prompt', 'prompt'],
  ['instructions', 'prompt'],
  ['previous', 'before'],
])

async function textsOf({ contents }: RevealedRecord): Promise<Texts> {
  const texts: { -readonly [Name in keyof Texts]: Texts[Name] } = {}
  for (const content of contents) {
    const member = NAMES.get(content.name)
    if (member === undefined || content.state === 'unavailable') continue
    const text = decodeUtf8(await wholeBody(content.body))
    if (text !== undefined) texts[member] = content.media_type === 'application/json' ? inLines(text) : text
  }
  return texts
}

// Of JSON each member has a line, and so has each line of a text in it: a prompt is one long text there.
function inLines(json: string): string {
  try {
    const text = JSON.stringify(parseJson(json, PLAIN_JSON), undefined, 2)
    return text.replaceAll(/\\(.)/g, (escaped, letter: string) => (letter === 'n' ? '\n' : escaped))
  } catch (error) {
    if (error instanceof JsonFault) return json
    throw error
  }
}

function diffOf(before: string, after: string): string | undefined {
  const options = { context: CONTEXT_LINES, maxEditLength: MAX_DIFFERENT_LINES }
  const patch = structuredPatch('', '', lineEnded(before), lineEnded(after), undefined, undefined, options)
  return patch?.hunks
    .flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
      `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
      ...lines,
    ])
    .join('\n')
}

function lineEnded(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
