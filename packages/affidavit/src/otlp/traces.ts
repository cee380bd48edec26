// What earlier items told of a trace, for later ones (spec/otlp.md §4). Forgotten, it makes records poorer, and may let
// an agent’s answer be told beside that of its model.

import { type Remembered, remember } from './remembered.ts'
import type { About } from './step.ts'
import type { Item } from './telemetry.ts'

const MAX_TRACES = 10_000
const MAX_SPANS = 50_000
/** Spans above each other that are looked through. */
const MAX_ANCESTORS = 64

export interface Traces {
  learn(item: Item, own: About): void
  /** What an item says of itself, and where it says nothing what others of its trace said. */
  about(item: Item, own: About): About
  /** A model was called within the spans above this item. */
  called(item: Item): void
  /** Whether a call of a model was told below this item. */
  encloses(item: Item): boolean
  /** This span tells a call of a tool. */
  ran(traceId: string, spanId: string): void
  hasRun(traceId: string | undefined, spanId: string | undefined): boolean
  /** An answer in this conversation asked for the call. */
  asked(conversation: string, callId: string, answer: string): void
  asking(conversation: string, callId: string): string | undefined
}

type Agent = Pick<About, 'agent' | 'agentVersion'>

interface KnownTrace extends Omit<About, keyof Agent> {
  /** The only one that its items name. */
  readonly agent: Agent | 'several' | undefined
}

export function createTraces(): Traces {
  const traces: Remembered<KnownTrace> = remember(MAX_TRACES)
  const spans: Remembered<{ readonly parent: string | undefined; readonly agent: Agent }> = remember(MAX_SPANS)
  const enclosing: Remembered<true> = remember(MAX_SPANS)
  const tools: Remembered<true> = remember(MAX_SPANS)
  const answers: Remembered<string> = remember(MAX_SPANS)

  function keyOf(traceId: string | undefined, spanId: string | undefined): string {
    return `${traceId ?? ''} ${spanId ?? ''}`
  }

  // Within a trace an agent may call others: the nearest span above that names one says whose act it was.
  function agentAbove(item: Item): Agent | undefined {
    let spanId = item.signal === 'traces' ? item.parentSpanId : item.spanId
    for (let steps = 0; steps < MAX_ANCESTORS && spanId !== undefined; steps++) {
      const span = spans.get(keyOf(item.traceId, spanId))
      if (span?.agent.agent !== undefined) return span.agent
      spanId = span?.parent
    }
    return undefined
  }

  // What stands above a span is told after it: as far up as it is known by now.
  function enclose(traceId: string, above: string | undefined): void {
    let spanId = above
    for (let steps = 0; steps < MAX_ANCESTORS && spanId !== undefined; steps++) {
      const key = keyOf(traceId, spanId)
      enclosing.set(key, true)
      spanId = spans.get(key)?.parent
    }
  }

  return {
    learn(item, { conversation, user, agent, agentVersion }) {
      const { traceId } = item
      if (traceId === undefined) return
      if (item.signal === 'traces') {
        const key = keyOf(traceId, item.spanId)
        spans.set(key, { parent: item.parentSpanId, agent: { agent, agentVersion } })
        if (enclosing.get(key) === true) enclose(item.traceId, item.parentSpanId)
      }
      const known = traces.get(traceId)
      traces.set(traceId, {
        conversation: known?.conversation ?? conversation,
        user: known?.user ?? user,
        agent: agent === undefined ? known?.agent : oneOf(known?.agent, { agent, agentVersion }),
      })
    },
    about(item, own) {
      const known = item.traceId === undefined ? undefined : traces.get(item.traceId)
      const only = known?.agent === 'several' ? undefined : known?.agent
      const { agent, agentVersion } = own.agent === undefined ? (agentAbove(item) ?? only ?? {}) : own
      return {
        conversation: own.conversation ?? known?.conversation,
        user: own.user ?? known?.user,
        ...{ agent, agentVersion },
      }
    },
    // A log that tells of a call tells of its own span, which marks those above it.
    called(item) {
      if (item.signal === 'traces') enclose(item.traceId, item.parentSpanId)
    },
    encloses: ({ traceId, spanId }) => enclosing.get(keyOf(traceId, spanId)) === true,
    ran: (traceId, spanId) => tools.set(keyOf(traceId, spanId), true),
    hasRun: (traceId, spanId) => tools.get(keyOf(traceId, spanId)) === true,
    asked: (conversation, callId, answer) => answers.set(`${conversation}\n${callId}`, answer),
    asking: (conversation, callId) => answers.get(`${conversation}\n${callId}`),
  }
}

function oneOf(known: KnownTrace['agent'], told: Agent): KnownTrace['agent'] {
  if (known === undefined) return told
  return known !== 'several' && known.agent === told.agent ? known : 'several'
}
