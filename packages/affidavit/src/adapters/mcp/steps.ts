// Messages of the Model Context Protocol as steps (spec/adapters-mcp.md). Pure.

import { present } from '../../bytes/present.ts'
import type { ApprovalEnd, ApprovalStep, ToolEnd, ToolStep } from '../../capture/steps.ts'
import { membersOf, type Shape, textOf } from '../wire/shape.ts'

/** Where a message is seen: by who calls, or by who is called. */
export type McpLayer = 'client' | 'transport'

export function toolStep(params: unknown, layer: McpLayer): ToolStep {
  const { name, arguments: given } = membersOf(params)
  return { sdk: 'mcp', layer, name: textOf(name) ?? 'tools/call', arguments: given }
}

export function readStep(params: unknown, layer: McpLayer): ToolStep {
  const { uri } = membersOf(params)
  const touched = { access: 'read', resource_type: 'mcp_resource', ...present({ resource_id: textOf(uri) }) } as const
  return { sdk: 'mcp', layer, name: 'resources/read', arguments: { uri }, touches: [touched] }
}

export function toolEndOf({ result, error }: Shape): ToolEnd {
  if (error !== undefined) return { ended: 'failed', error }
  const { isError, resultType } = membersOf(result)
  if (isError === true) return { ended: 'complete', outcome: 'failure', result }
  if (resultType === 'input_required') return { ended: 'complete', outcome_reason: 'input_required', result }
  return { ended: 'complete', result }
}

export function elicitationStep(params: unknown, layer: McpLayer, tool: string | undefined): ApprovalStep {
  return { sdk: 'mcp', layer, arguments: params, ...present({ name: tool }) }
}

/** To accept is to approve; to decline and to cancel are not, and the reason says which. */
export function elicitationEndOf({ result, error }: Shape): ApprovalEnd {
  if (error !== undefined) return { approved: 'undecided', by: 'rule', error }
  const { action } = membersOf(result)
  const approved = action === 'accept'
  return { approved, by: 'person', answer: result, ...present({ reason: approved ? undefined : textOf(action) }) }
}

const ACTIONS: ReadonlySet<unknown> = new Set(['accept', 'decline', 'cancel'])

/** What a person answered to the questions that a call came back with (protocol 2026-07-28). */
export function answersIn(params: unknown): readonly Shape[] {
  const answers = Object.values(membersOf(membersOf(params).inputResponses)).map(membersOf)
  return answers.filter(({ action }) => ACTIONS.has(action))
}
