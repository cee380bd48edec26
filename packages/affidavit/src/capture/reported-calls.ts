// Calls of tools that nothing audits: the history tells of them after the fact (spec/capture.md §4).

import type { AskedCall } from './asked.ts'
import type { Intended, Steps } from './begin.ts'
import type { Run } from './run.ts'
import type { ModelStep, SeenResult } from './steps.ts'
import { intentsOf, outcomesOf, readCall } from './tool-records.ts'

/** The records of calls whose results are new in what is sent, and that nobody ran who would have told. */
export function reportedCalls(steps: Steps, run: Run, step: ModelStep, kept: number): readonly Intended[] {
  const results = step.messages.slice(kept).flatMap(({ results = [] }) => results)
  // Ids come again with some providers: the newest result is that of the newest call.
  const newest = new Map(results.map((result) => [result.call_id, result]))
  return [...newest.values()].flatMap((result) => {
    const asked = run.conversation.asked.takeReported(result.call_id)
    return asked === undefined ? [] : recordsOf(steps, run, step, asked, result)
  })
}

function recordsOf(
  steps: Steps,
  run: Run,
  { sdk, layer }: ModelStep,
  asked: AskedCall,
  { call_id, value, failed }: SeenResult,
): readonly Intended[] {
  const { name, arguments: given } = asked
  const call = readCall(steps, run, { sdk, layer, name, call_id, arguments: given }, { kind: 'tool', asked })
  const intents = intentsOf(steps, call)
  const outcomes = outcomesOf(steps, call, intents, { ended: failed === true ? 'failed' : 'complete', result: value })
  return [...intents, ...outcomes].map((one, i) =>
    reported(one, i === 0 ? () => run.conversation.asked.putBack(asked) : undefined),
  )
}

// It has run: as the call of the model that tells of it, this is recorded at once or waits on disk.
function reported({ draft, recorded }: Intended, takeBack: (() => void) | undefined): Intended {
  return {
    kind: 'model',
    draft: { ...draft, details: { ...draft.details, reported: true } },
    ...(recorded === undefined ? {} : { recorded }),
    ...(takeBack === undefined ? {} : { takeBack }),
  }
}
