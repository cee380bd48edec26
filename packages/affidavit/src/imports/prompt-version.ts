// Prompt versions (spec/import.md §4): keyed digests of the instructions and the tool set in force.

import { canonicalJson, type JsonValue, PLAIN_JSON } from '../bytes/json.ts'

/** Versions that an import remembers. One that comes back after so many others is announced again, which adds a record. */
const REMEMBERED = 10_000

/** The instructions of one message, as they were given. */
export interface Instruction {
  readonly role: 'system' | 'developer'
  readonly content: JsonValue
}

/** The version that a conversation begins under; `undefined` where it shows neither instructions nor tools. */
export function promptVersion(
  instructions: readonly Instruction[],
  tools: readonly JsonValue[],
  digest: (text: string) => string,
): string | undefined {
  if (instructions.length === 0 && tools.length === 0) return undefined
  return digest(canonicalJson({ instructions, tools }, PLAIN_JSON))
}

/** The version after further instructions in mid-conversation: a chain, so that a long conversation stays linear. */
export function nextPromptVersion(
  previous: string | undefined,
  instruction: Instruction,
  digest: (text: string) => string,
): string {
  return digest(canonicalJson({ previous: previous ?? '', instruction }, PLAIN_JSON))
}

/** Which versions an import has met, by agent. */
export interface PromptHistory {
  /** Whether this is the first sight of the version. From then on it is not. */
  meet(agent: string, version: string): 'new' | 'known'
}

export function createPromptHistory(): PromptHistory {
  const met = new Set<string>()
  return {
    meet(agent, version) {
      const key = `${version} ${agent}`
      const state = met.delete(key) ? 'known' : 'new'
      met.add(key)
      const [oldest] = met
      if (met.size > REMEMBERED && oldest !== undefined) met.delete(oldest)
      return state
    },
  }
}
