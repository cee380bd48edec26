// What a tool message of a chat says about how the call went.

import { outcomeOfText, type ToolOutcome } from '../registry/tool-outcome.ts'
import { textsOf } from './chat-content.ts'
import type { ResultMessage } from './chat-message.ts'

export function outcomeOf(result: ResultMessage): ToolOutcome {
  return outcomeOfText(textOf(result), result.flagged)
}

/** The texts of a result as one. */
export function textOf({ content }: ResultMessage): string {
  return textsOf(content).join('\n')
}
