// What earlier items told of a trace, for later ones (spec/otlp.md §4). Forgotten, it makes records poorer, never more.

import { type Remembered, remember } from './remembered.ts'
import type { About } from './step.ts'

const MAX_TRACES = 10_000
const MAX_CALLS = 50_000

export interface Traces {
  /** What an item says of itself, and of its trace what others said. */
  about(traceId: string | undefined, own: About): About
  learn(traceId: string | undefined, told: About): void
  /** A model was called within the trace. */
  called(traceId: string): void
  hasCalls(traceId: string | undefined): boolean
  /** This span tells a call of a tool. */
  ran(traceId: string, spanId: string): void
  hasRun(traceId: string | undefined, spanId: string | undefined): boolean
  /** An answer in this conversation asked for the call. */
  asked(conversation: string, callId: string, answer: string): void
  asking(conversation: string, callId: string): string | undefined
}

export function createTraces(): Traces {
  const abouts: Remembered<About> = remember(MAX_TRACES)
  const calls: Remembered<true> = remember(MAX_TRACES)
  const tools: Remembered<true> = remember(MAX_CALLS)
  const answers: Remembered<string> = remember(MAX_CALLS)

  function about(traceId: string | undefined, own: About): About {
    const known = (traceId === undefined ? undefined : abouts.get(traceId)) ?? {}
    return {
      conversation: own.conversation ?? known.conversation,
      agent: own.agent ?? known.agent,
      agentVersion: own.agent === undefined ? known.agentVersion : own.agentVersion,
      user: own.user ?? known.user,
    }
  }

  return {
    about,
    // The first that is told stands: within a trace, an agent may call others.
    learn(traceId, told) {
      if (traceId === undefined || Object.values(told).every((one) => one === undefined)) return
      const known = abouts.get(traceId) ?? {}
      abouts.set(traceId, {
        conversation: known.conversation ?? told.conversation,
        agent: known.agent ?? told.agent,
        agentVersion: known.agent === undefined ? told.agentVersion : known.agentVersion,
        user: known.user ?? told.user,
      })
    },
    called: (traceId) => calls.set(traceId, true),
    hasCalls: (traceId) => traceId !== undefined && calls.get(traceId) === true,
    ran: (traceId, spanId) => tools.set(`${traceId} ${spanId}`, true),
    hasRun: (traceId, spanId) => tools.get(`${traceId ?? ''} ${spanId ?? ''}`) === true,
    asked: (conversation, callId, answer) => answers.set(`${conversation}\n${callId}`, answer),
    asking: (conversation, callId) => answers.get(`${conversation}\n${callId}`),
  }
}
