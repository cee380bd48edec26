// The steps that begin with a message of the protocol (spec/adapters-mcp.md).

import type { ApprovalStep, Capture, ToolStep } from '../../capture/steps.ts'
import type { Shape } from '../wire/shape.ts'
import { answersIn, elicitationEndOf, elicitationStep, type McpLayer, readStep, toolEndOf, toolStep } from './steps.ts'

/** A step under way, from its request to its response. */
export interface Step {
  /** The tool, where it is a call of one. */
  readonly tool?: string
  enter<T>(fn: () => T): T
  end(response: Shape): Promise<void>
  /** Nobody waits for its response any more. */
  leave(how: 'cancelled' | 'cut'): Promise<void>
}

/**
 * Begins the step that a request asks for: `undefined` where it asks for none. `related` is the call within which a question is asked.
 * @throws LedgerError where it may not happen
 */
export function beginStep(
  audit: Capture,
  request: Shape,
  { layer, related }: { readonly layer: McpLayer; readonly related: Step | undefined },
): Promise<Step> | undefined {
  const { method, params } = request
  switch (method) {
    case 'tools/call':
      return beginCall(audit, request, toolStep(params, layer))
    case 'resources/read':
      return beginTool(audit, readStep(params, layer))
    case 'elicitation/create':
      // Both ends in one process, on one audit: whoever asks has recorded it.
      if (!isNewTo(audit, request)) return undefined
      return beginElicitation(audit, elicitationStep(params, layer, related?.tool), related)
    default:
      return undefined
  }
}

async function beginCall(audit: Capture, request: Shape, step: ToolStep): Promise<Step> {
  const answers = answersIn(request.params)
  if (answers.length > 0 && isNewTo(audit, request)) {
    for (const answer of answers) {
      const question = { sdk: step.sdk, layer: step.layer, name: step.name, arguments: step.arguments }
      const approval = await audit.beginApproval(question)
      await approval.end(elicitationEndOf({ result: answer }))
    }
  }
  return beginTool(audit, step)
}

async function beginTool(audit: Capture, step: ToolStep): Promise<Step> {
  const call = await audit.beginToolCall(step)
  return {
    tool: step.name,
    enter: (fn) => call.enter(fn),
    end: (response) => call.end(toolEndOf(response)),
    leave: (ended) => call.end({ ended }),
  }
}

async function beginElicitation(audit: Capture, step: ApprovalStep, related: Step | undefined): Promise<Step> {
  const begin = (): ReturnType<Capture['beginApproval']> => audit.beginApproval(step)
  const approval = await (related === undefined ? begin() : related.enter(begin))
  return {
    enter: (fn) => fn(),
    end: (response) => approval.end(elicitationEndOf(response)),
    leave: (reason) => approval.end({ approved: 'undecided', by: 'rule', reason }),
  }
}

const SEEN = new WeakMap<Capture, WeakSet<object>>()

function isNewTo(audit: Capture, message: object): boolean {
  const seen = SEEN.get(audit) ?? new WeakSet()
  SEEN.set(audit, seen)
  if (seen.has(message)) return false
  seen.add(message)
  return true
}
