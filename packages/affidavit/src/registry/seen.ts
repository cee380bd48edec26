// The names that records have of what a registry speaks of (spec/registry.md §7). Records say which agents were at work,
// which tools they called, and which tools were declared to them.

import type { AuditRecord } from '../formats/fields.ts'
import type { Kind } from './check.ts'

/** The kinds of names that records have. */
export const RECORDED: readonly Kind[] = ['tools', 'agents']

export interface SeenNames {
  readonly tools: ReadonlySet<string>
  readonly agents: ReadonlySet<string>
  /** Records that tell a tool by its keyed digest alone: what it is called has not the form of a name. */
  readonly unnamed: number
}

/** Takes in records, one at a time; as many as there are. */
export function createSeenNames(): {
  add(record: Pick<AuditRecord, 'agent_name' | 'details'>): void
  names(): SeenNames
} {
  const tools = new Set<string>()
  const agents = new Set<string>()
  let unnamed = 0
  return {
    add({ agent_name, details = {} }) {
      if (agent_name !== undefined) agents.add(agent_name)
      if (typeof details.tool === 'string') tools.add(details.tool)
      if (typeof details.tool_digest === 'string') unnamed++
      if (Array.isArray(details.tools)) for (const tool of details.tools) if (typeof tool === 'string') tools.add(tool)
    },
    names: () => ({ tools, agents, unnamed }),
  }
}
