// Who approves a version of an agent's prompt, or takes that back (spec/authority.md §1).

import { DraftFault } from './draft-fault.ts'
import type { Draft } from './fields.ts'
import { TOKEN } from './token.ts'

export interface PromptApproval {
  readonly approver: string
  readonly agent_name: string
  readonly prompt_version: string
  readonly decision: 'approved' | 'withdrawn'
}

type Fields = Omit<Draft, 'content'>

export function isAboutPrompt({ action, resource_type }: Fields): boolean {
  return action === 'approval_decided' && resource_type === 'agent_prompt'
}

/** @throws DraftFault naming what is missing, or contradicts itself */
export function readPromptApproval(fields: Fields): PromptApproval {
  const { actor_id, actor_type, agent_name, prompt_version, resource_id, outcome } = fields
  if (agent_name === undefined) return refuse('agent_name', 'say whose prompt is meant: the name of the agent')
  if (prompt_version === undefined) return refuse('prompt_version', 'say which version is meant')
  if (outcome !== 'success' && outcome !== 'denied') {
    return refuse('outcome', 'success approves this version, denied takes its approval back')
  }
  if (actor_type !== 'user' && actor_type !== 'admin') refuse('actor_type', 'a user or an admin decides about a prompt')
  if (actor_id === agent_name) refuse('actor_id', 'an agent cannot approve its own prompt; name who did')
  if (resource_id !== undefined && resource_id !== agent_name && !TOKEN.test(resource_id)) {
    refuse('resource_id', 'is another agent than agent_name; leave it out, or name the same')
  }
  return { approver: actor_id, agent_name, prompt_version, decision: outcome === 'success' ? 'approved' : 'withdrawn' }
}

function refuse(path: string, problem: string): never {
  throw new DraftFault(path, problem)
}
