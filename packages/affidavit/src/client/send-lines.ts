// One request with drafts, and what its answer says of each (spec/client.md §3). An outcome counts by itself, once its whole line
// has come and names the draft that was sent there.

import { concatBytes } from '../bytes/compare.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { type Answer, type Exchange, NoAnswer } from './exchange.ts'
import { isType, PROBLEM_TYPE, problemIn } from './media.ts'
import { type Outcome, readOutcome } from './outcome.ts'
import type { Problem } from './problem.ts'

export interface SentLine {
  readonly id: string
  readonly bytes: Uint8Array
}

/** How a request ended. Lines without an outcome have to be sent again. */
export type Ended =
  | { readonly state: 'answered' }
  | { readonly state: 'refused'; readonly problem: Problem; readonly retryAfter: string | undefined }
  | { readonly state: 'no answer'; readonly fault: NoAnswer }

export interface SendParts {
  readonly exchange: Exchange
  readonly path: string
  readonly origin: string
  readonly patienceMillis: number
}

const NDJSON = 'application/x-ndjson'
/** Problems quote no contents: an outcome is short. */
const MAX_OUTCOME_BYTES = 16_384
const MAX_PROBLEM_BYTES = 65_536
const NEWLINE = 0x0a

/** `settle` hears of each outcome when it comes. */
export async function sendLines(
  { exchange, path, origin, patienceMillis }: SendParts,
  lines: readonly SentLine[],
  settle: (index: number, outcome: Outcome) => void,
  signal: AbortSignal,
): Promise<Ended> {
  let rest: Uint8Array = new Uint8Array(0)
  let next = 0

  function takeOutcomes(bytes: Uint8Array): 'more' | 'enough' {
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      takeOutcome(concatBytes(rest, bytes.subarray(from, end)))
      rest = new Uint8Array(0)
      from = end + 1
      if (next === lines.length) return from === bytes.length ? 'more' : 'enough'
    }
    rest = concatBytes(rest, bytes.subarray(from))
    if (rest.length > MAX_OUTCOME_BYTES) throw new NoAnswer('maybe', 'an outcome that has no end')
    // Nothing is to come behind the last one.
    return next === lines.length ? 'enough' : 'more'
  }

  function takeOutcome(bytes: Uint8Array): void {
    const outcome = readOutcome(decodeUtf8(bytes) ?? '', next + 1, lines[next]?.id ?? '')
    if (outcome === undefined) throw new NoAnswer('maybe', `an answer that is not about line ${next + 1}`)
    settle(next++, outcome)
  }

  const body = { type: NDJSON, bytes: concatBytes(...lines.map((line) => line.bytes)) }
  const maxBytes = lines.length * MAX_OUTCOME_BYTES + MAX_PROBLEM_BYTES
  try {
    const answer = await exchange.send(
      {
        method: 'POST',
        path,
        body,
        maxBytes,
        patienceMillis,
        signal,
        headers: { accept: `${NDJSON}, ${PROBLEM_TYPE}` },
      },
      (head, bytes) => {
        if (isOutcomes(head, origin)) return takeOutcomes(bytes)
        rest = concatBytes(rest, bytes)
        if (rest.length > MAX_PROBLEM_BYTES) throw notOurs(head)
        return 'more'
      },
    )
    if (!isOutcomes(answer, origin)) return refusedBy(answer, rest)
    if (next < lines.length)
      return { state: 'no answer', fault: new NoAnswer('maybe', 'an answer without all outcomes') }
    return { state: 'answered' }
  } catch (error) {
    if (error instanceof NoAnswer) return { state: 'no answer', fault: error }
    throw error
  }
}

function isOutcomes(answer: Answer, origin: string): boolean {
  return answer.status === 200 && isType(answer, NDJSON) && answer.header('affidavit-ledger') === origin
}

function refusedBy(answer: Answer, body: Uint8Array): Ended {
  const problem = problemIn(answer, body)
  if (problem === undefined) return { state: 'no answer', fault: notOurs(answer) }
  return { state: 'refused', problem, retryAfter: answer.header('retry-after') }
}

function notOurs({ status, header }: Answer): NoAnswer {
  const ledger = header('affidavit-ledger')
  const whose = ledger === undefined ? 'of no ledger' : `of ${ledger.slice(0, 300)}`
  return new NoAnswer('maybe', `an answer with status ${status} ${whose}, ${header('content-type') ?? 'of no type'}`)
}
