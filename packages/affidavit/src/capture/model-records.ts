// The records of a model call: what was asked, and what came back (spec/capture.md §1).

import { countCharacters } from '../bytes/text.ts'
import type { Outcome } from '../formats/fields.ts'
import { isName, namesOf } from '../registry/tool-names.ts'
import type { Steps } from './begin.ts'
import { type Captured, captured, capturedText, contentsOf, labelOf } from './captured.ts'
import { agentDraft, type Fields, type MadeDraft } from './draft-of.ts'
import { errorContent, errorDetails } from './error-details.ts'
import { firstOf } from './fit-details.ts'
import type { History } from './history.ts'
import { recipientOf } from './recipient-of.ts'
import { circumstances, type ModelRequest, requestContent } from './request.ts'
import type { Run } from './run.ts'
import type { Attempt, Ended, ModelEnd, ModelStep } from './steps.ts'
import { causeOf, turnOf } from './turns.ts'
import type { InForce } from './versions.ts'

/** A call that is about to be made. */
export interface Asked {
  /** Of its `model_invoked`. */
  readonly id: string
  readonly run: Run
  readonly step: ModelStep
  readonly request: ModelRequest
  readonly inForce: InForce
}

/** The same while it is under way. */
export type UnderWay = Omit<Asked, 'request'> & { readonly request: Pick<ModelRequest, 'parameters'> }

const OUTCOMES_OF: Readonly<Record<Ended, Outcome>> = {
  complete: 'success',
  cancelled: 'failure',
  cut: 'failure',
  failed: 'error',
}
const MAX_ATTEMPTS = 20
const MAX_TOOLS = 50
const UNNAMED = 'unnamed'

export function invocation(
  steps: Steps,
  { id, run, step, request, inForce }: Asked,
  continued: History | undefined,
): MadeDraft {
  const { content, uncaptured } = contentsOf(requestContent(request, continued))
  return agentDraft(steps.acting(run), {
    id,
    action: 'model_invoked',
    parent_id: causeOf(run),
    model: inForce.model,
    prompt_version: inForce.prompt_version,
    content,
    details: {
      sdk: labelOf(step.sdk),
      layer: step.layer,
      operation: labelOf(step.operation),
      recipient: recipientOf(step.recipient),
      stream: step.stream,
      messages: step.messages.length,
      tools: step.tools.length,
      ...(continued === undefined ? {} : { continues: continued.id, messages_kept: continued.messages }),
      uncaptured,
    },
  })
}

/** An answer, as far as it came; a failure where nothing was answered. */
export function outcomeOf(steps: Steps, asked: UnderWay, attempts: readonly Attempt[], end: ModelEnd): MadeDraft {
  const { answer = '', calls = [], ended } = end
  const isAnswered = answer !== '' || calls.length > 0 || ended === 'complete'
  return isAnswered ? answered(steps, asked, attempts, end) : failed(steps, asked, attempts, end)
}

function failed(steps: Steps, asked: UnderWay, attempts: readonly Attempt[], end: ModelEnd): MadeDraft {
  const { ended, error, status } = end
  const { content, uncaptured } = contentsOf(errorContent(error), responseOf(end))
  const details = { ended, ...triesOf(attempts), ...errorDetails(error, status), uncaptured }
  return agentDraft(steps.acting(asked.run), {
    ...outcome(steps, asked, end),
    action: 'agent_failed',
    content,
    details,
  })
}

function answered(steps: Steps, asked: UnderWay, attempts: readonly Attempt[], end: ModelEnd): MadeDraft {
  const { run, request } = asked
  const { ended, error, status, calls = [] } = end
  const { response_id, finish_reason } = end
  const documents = turnOf(run).accessed
  const { content, uncaptured } = contentsOf(
    capturedText('answer', end.answer),
    responseOf(end),
    circumstances(request, { response_id, finish_reason, documents }),
    errorContent(error),
  )
  return agentDraft(steps.acting(run), {
    ...outcome(steps, asked, end),
    action: 'agent_response_generated',
    content,
    details: {
      ended,
      characters: countCharacters(end.answer ?? ''),
      model_answered: end.model === undefined ? undefined : labelOf(end.model),
      tools_requested: calls.length === 0 ? undefined : toolsOf(steps, calls),
      provider_tools: end.provider_tools && countsOf(end.provider_tools),
      tokens: end.tokens,
      ...triesOf(attempts),
      ...errorDetails(error, status),
      delivery: ended === 'complete' ? 'unconfirmed' : 'cut',
      uncaptured,
    },
  })
}

function outcome(
  { newId }: Steps,
  { id, inForce: { model, prompt_version } }: UnderWay,
  { ended }: ModelEnd,
): Omit<Fields, 'action'> {
  return { id: newId(), parent_id: id, model, prompt_version, outcome: OUTCOMES_OF[ended] }
}

function responseOf({ response }: ModelEnd): Captured | undefined {
  return response === undefined ? undefined : captured('response', response)
}

function toolsOf({ ledger }: Steps, calls: NonNullable<ModelEnd['calls']>): readonly string[] {
  const names = calls.map(({ name }) => String(namesOf(name, undefined, ledger.digest).tool ?? UNNAMED))
  return firstOf(names, MAX_TOOLS)
}

/** Kinds are the provider's words: what is no name is counted with the unnamed. */
function countsOf(kinds: NonNullable<ModelEnd['provider_tools']>): object {
  const counts = new Map<string, number>()
  for (const [kind, count] of Object.entries(kinds).slice(0, MAX_TOOLS)) {
    const name = isName(kind) ? kind : UNNAMED
    counts.set(name, (counts.get(name) ?? 0) + count)
  }
  return Object.fromEntries(counts)
}

function triesOf(attempts: readonly Attempt[]): object {
  if (attempts.length === 0) return {}
  const numbered = attempts.map(({ status, error }, i) => ({ n: i + 1, status, ...errorDetails(error, undefined) }))
  return { attempts: numbered.slice(-MAX_ATTEMPTS) }
}
