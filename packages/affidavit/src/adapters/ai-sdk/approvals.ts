// Approvals of the AI SDK stand in messages: asked for in an answer, decided in the next call's history (spec/adapters-ai-sdk.md).

import { present } from '../../bytes/present.ts'
import type { ApprovalEnd, ApprovalStep, Capture } from '../../capture/steps.ts'
import { listOf, membersOf, type Shape, textOf } from '../wire/shape.ts'

interface ToldApproval {
  readonly step: ApprovalStep & { readonly approval_id: string }
  readonly end: ApprovalEnd | undefined
}

/** Records those that are told of, in their order; what was recorded before is no second record. @throws LedgerError */
export async function recordApprovals(audit: Capture, told: readonly ToldApproval[]): Promise<void> {
  for (const { step, end } of told) {
    const approval = await audit.beginApproval(step)
    if (end !== undefined) await approval.end(end)
  }
}

/** Of a history, what came since the newest message of the user: older decisions were recorded when they were made. */
export function approvalsIn(messages: unknown, operation_id: string): readonly ToldApproval[] {
  const all = listOf(messages).map(membersOf)
  const turn = all.slice(all.findLastIndex(({ role }) => role === 'user') + 1)
  return approvalsAmong(turn.flatMap(({ content }) => listOf(content)).map(membersOf), operation_id)
}

/** Of a step's content, or of all parts of several messages. */
export function approvalsAmong(parts: readonly Shape[], operation_id: string): readonly ToldApproval[] {
  const ofType = (type: string): readonly Shape[] => parts.filter((part) => part.type === type)
  const calls = new Map(ofType('tool-call').map((call) => [call.toolCallId, call]))
  const answers = ofType('tool-approval-response')
  return ofType('tool-approval-request').flatMap((request) => {
    const approval_id = textOf(request.approvalId)
    if (approval_id === undefined) return []
    // A request in a step's content has the call, one in a message its id.
    const asked = membersOf(request.toolCall)
    const call = membersOf(calls.get(asked.toolCallId ?? request.toolCallId) ?? asked)
    const answer = answers.find(({ approvalId }) => approvalId === approval_id)
    const about = { name: textOf(call.toolName), call_id: textOf(call.toolCallId), reason: textOf(request.reason) }
    const seen = { sdk: 'ai', layer: 'framework', approval_id, operation_id, arguments: call.input } as const
    return [{ step: { ...seen, ...present(about) }, end: answer && decisionOf(answer, request) }]
  })
}

// The first answer counts: by it the SDK acts.
function decisionOf({ approved, reason }: Shape, { isAutomatic }: Shape): ApprovalEnd {
  const by = isAutomatic === true ? 'rule' : 'person'
  return { approved: approved === true, by, ...present({ reason: textOf(reason) }) }
}
