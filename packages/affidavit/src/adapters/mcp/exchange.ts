// What goes through one connection, as records: no request passes before its intent is durable, and no response before its outcome is
// (spec/adapters-mcp.md). Either end sends requests: calls go one way, questions to the user the other.

import type { Capture } from '../../capture/steps.ts'
import { membersOf, type Shape } from '../wire/shape.ts'
import { beginStep, type Step } from './begin.ts'
import type { McpLayer } from './steps.ts'
import type { Exchange } from './transport.ts'

type Way = 'out' | 'in'

/** A request that was not answered yet. */
interface Open {
  readonly way: Way
  readonly id: unknown
  /** Absent while it is being recorded. */
  step: Step | undefined
  left: 'cancelled' | 'cut' | undefined
}

const INTERNAL_ERROR = -32_603

export function createExchange(audit: Capture, layer: McpLayer): Exchange {
  const open = new Set<Open>()

  async function request(one: Open, begun: Promise<Step>, pass: () => Promise<void> | void): Promise<void> {
    open.add(one)
    try {
      one.step = await begun
      if (one.left !== undefined) return await one.step.leave(one.left)
      await one.step.enter(pass)
    } catch (error) {
      open.delete(one)
      await one.step?.end({ error })
      throw error
    }
  }

  async function respond(one: Open, message: Shape, pass: (message: unknown) => Promise<void> | void): Promise<void> {
    open.delete(one)
    try {
      await one.step?.end(message)
    } catch (error) {
      return pass(refusal(one, error))
    }
    return pass(message)
  }

  // Whoever left learns of no failure; capture knows of it.
  async function leave(one: Open, how: 'cancelled' | 'cut'): Promise<void> {
    open.delete(one)
    one.left = how
    await one.step?.leave(how).catch(() => undefined)
  }

  function opened(way: Way, id: unknown): Open | undefined {
    return [...open].find((one) => one.way === way && isSameId(way, one.id, id))
  }

  /** The call within which a question is asked: a server may say which; otherwise it is known where there is but one. */
  function related(question: Way, { relatedRequestId }: Shape): Step | undefined {
    const calls = question === 'out' ? 'in' : 'out'
    if (relatedRequestId !== undefined) return opened(calls, relatedRequestId)?.step
    const [call, another] = [...open].filter(({ way, step }) => way === calls && step?.tool !== undefined)
    return another === undefined ? call?.step : undefined
  }

  /** A response, or a cancellation, of a request that is open. */
  function ending(
    way: Way,
    message: Shape,
    pass: (message: unknown) => Promise<void> | void,
  ): Promise<void> | undefined {
    const { method, id, params } = message
    if (method === undefined) {
      const one = opened(way === 'out' ? 'in' : 'out', id)
      return one && respond(one, message, pass)
    }
    const one = method === 'notifications/cancelled' ? opened(way, membersOf(params).requestId) : undefined
    return one && leave(one, 'cancelled').then(() => pass(message))
  }

  return {
    outgoing(message, options, pass) {
      const { method, id } = message
      if (method === undefined || id === undefined) return ending('out', message, pass)
      const begun = beginStep(audit, message, { layer, related: related('out', options) })
      if (begun === undefined) return undefined
      const one: Open = { way: 'out', id, step: undefined, left: undefined }
      const { requestSignal } = options
      if (requestSignal instanceof AbortSignal)
        requestSignal.addEventListener('abort', () => void leave(one, 'cancelled'), { once: true })
      return request(one, begun, () => pass(message))
    },
    incoming(message, pass, answer) {
      const { method, id } = message
      if (method === undefined || id === undefined) return ending('in', message, pass)
      const begun = beginStep(audit, message, { layer, related: related('in', {}) })
      if (begun === undefined) return undefined
      const one: Open = { way: 'in', id, step: undefined, left: undefined }
      return request(one, begun, () => pass(message)).catch((error) => answer(refusal(one, error)))
    },
    closed() {
      for (const one of open) void leave(one, one.way === 'out' ? 'cut' : 'cancelled')
    },
  }
}

// Who asked in this process is told why; to the other end only that it was so.
function refusal({ way, id }: Open, error: unknown): Shape {
  const data = way === 'out' ? { data: error } : {}
  return { jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message: 'audit log unavailable', ...data } }
}

// The SDK takes whatever reads as its number for the id of its request.
function isSameId(way: Way, asked: unknown, answered: unknown): boolean {
  return asked === answered || (way === 'out' && typeof asked === 'number' && asked === Number(answered))
}
