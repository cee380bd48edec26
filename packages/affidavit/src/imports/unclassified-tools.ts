// Which tools of a conversation the registry does not know (spec/import.md §5), so that their data is restricted.

import type { Registry } from '../registry/registry.ts'
import { lookUp } from '../registry/table.ts'
import { isName } from '../registry/tool-names.ts'
import type { Conversation } from './chat-line.ts'

/** What stands for a name that may be content. No name has its form. */
const NO_NAME = '?'

/** The names of the tools that were called, once for each call. */
export function unclassifiedTools({ messages }: Conversation, { tools }: Registry): readonly string[] {
  return messages
    .flatMap((message) => (message.role === 'assistant' ? message.calls : []))
    .filter(({ name }) => lookUp(tools, name) === undefined)
    .map(({ name }) => (isName(name) ? name : NO_NAME))
}
