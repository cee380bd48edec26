// Which call a tool result answers. Call ids repeat in real conversations, and older ones have none.

import type { Call } from './chat-message.ts'

/** A call that was recorded, with the ids of its records. */
export interface OpenCall {
  readonly call: Call
  /** The tool_invoked record. */
  readonly invoked: string
  /** The approval_requested records, where the tool asks for an approval: one for each thing that it is about. */
  readonly requested: readonly Requested[]
}

export interface Requested {
  readonly id: string
  readonly resource_type?: string
  readonly resource_id?: string
}

/** Why a result belongs to no call. */
export type Unmatched = 'no-call' | 'answered-before'

export interface OpenCalls {
  /** Whether a call with this id was asked before in the conversation. */
  state(call: Call): 'new' | 'repeated'
  open(call: OpenCall): void
  /** The oldest unanswered call with the result's call id; where the result has none, with its name. */
  answer(result: { readonly call_id: string | undefined; readonly name: string | undefined }): OpenCall | Unmatched
  /** Calls without a result so far. */
  unanswered(): number
}

interface Queue {
  readonly calls: OpenCall[]
  /** Calls before this one are answered. */
  next: number
}

export function createOpenCalls(): OpenCalls {
  const byId = new Map<string, Queue>()
  const byName = new Map<string, Queue>()
  const answered = new Set<OpenCall>()
  let opened = 0

  function take(queue: Queue | undefined): OpenCall | Unmatched {
    if (queue === undefined) return 'no-call'
    for (let open = queue.calls[queue.next]; open !== undefined; open = queue.calls[queue.next]) {
      queue.next++
      if (answered.has(open)) continue
      answered.add(open)
      return open
    }
    return 'answered-before'
  }

  return {
    state: ({ id }) => (id !== undefined && byId.has(id) ? 'repeated' : 'new'),
    open(open) {
      opened++
      if (open.call.id !== undefined) enqueue(byId, open.call.id, open)
      enqueue(byName, open.call.name, open)
    },
    answer: ({ call_id, name = '' }) => take(call_id === undefined ? byName.get(name) : byId.get(call_id)),
    unanswered: () => opened - answered.size,
  }
}

function enqueue(queues: Map<string, Queue>, key: string, open: OpenCall): void {
  const queue = queues.get(key)
  if (queue === undefined) queues.set(key, { calls: [open], next: 0 })
  else queue.calls.push(open)
}
