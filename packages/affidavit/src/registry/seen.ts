// The names that records have of what a registry speaks of (spec/registry.md §7). Records say which agents were at work,
// which tools they called, and which tools were declared to them.

import type { AuditRecord } from '../formats/fields.ts'
import type { Kind } from './check.ts'

/** The kinds of names that records have. */
export const RECORDED: readonly Kind[] = ['tools', 'agents']

export interface SeenNames {
  readonly tools: ReadonlySet<string>
  readonly agents: ReadonlySet<string>
  /** Records that tell of a tool without a name: by its keyed digest alone, or by something that is no text. */
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
      const declared: readonly unknown[] = Array.isArray(details.tools) ? details.tools : []
      const told = [details.tool, ...declared].filter((tool) => tool !== undefined)
      const named = told.filter((tool) => typeof tool === 'string' && tool !== '')
      for (const tool of named) tools.add(String(tool))
      if (named.length < told.length || details.tool_digest !== undefined) unnamed++
    },
    names: () => ({ tools, agents, unnamed }),
  }
}
