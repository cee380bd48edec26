// Asking a server (spec/client.md §2): what it answers, or the error of the library; again, where it may go better.

import { decodeUtf8 } from '../bytes/text.ts'
import type { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import type { RandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { createBackoff, retryAfterMillis } from './backoff.ts'
import { type Answer, type Exchange, NoAnswer } from './exchange.ts'
import { isType, problemIn } from './media.ts'
import { errorOf, isPassing, NOTHING_DONE } from './problem.ts'

export interface Asked {
  readonly path: string
  /** The type of the answer. */
  readonly type: string
  /** Whose answer it has to be; left out where no ledger is asked. */
  readonly origin?: string
  /** With a body it is a POST. */
  readonly body?: unknown
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
}

export interface Ask {
  /** @throws LedgerError what the server says; `server-unavailable` */
  bytes(asked: Asked): Promise<Uint8Array>
  /** @throws LedgerError as `bytes` */
  text(asked: Asked): Promise<string>
  /** @throws LedgerError as `bytes` */
  json(asked: Omit<Asked, 'type'>): Promise<unknown>
}

export interface AskParts {
  readonly exchange: Exchange
  readonly clock: Clock
  readonly alarm: Alarm
  readonly random: RandomSource
  readonly patienceMillis: number
}

const MAX_BYTES = 67_108_864

/** The server did not answer this time. */
interface Failed {
  readonly error: LedgerError
  readonly again: 'yes' | 'no'
  readonly asked: number
}

export function createAsk({ exchange, clock, alarm, random, patienceMillis }: AskParts): Ask {
  async function bytes(asked: Asked): Promise<Uint8Array> {
    const deadline = clock.elapsed() + patienceMillis
    const backoff = createBackoff(random)
    for (;;) {
      const answer = await once(asked)
      if (answer instanceof Uint8Array) return answer
      const millis = backoff.failed(answer.asked)
      if (answer.again === 'no' || clock.elapsed() + millis > deadline) throw answer.error
      await new Promise<void>((resolve) => alarm(millis, resolve))
    }
  }

  async function once({ path, type, origin, body, method, headers }: Asked): Promise<Uint8Array | Failed> {
    const pieces: Uint8Array[] = []
    const sent = body === undefined ? {} : { body: { type: JSON_TYPE, bytes: Buffer.from(JSON.stringify(body)) } }
    try {
      const answer = await exchange.send(
        {
          ...{ method: method ?? (body === undefined ? 'GET' : 'POST'), path, patienceMillis, ...sent },
          ...{ maxBytes: MAX_BYTES, headers: { accept: `${type}, application/problem+json`, ...headers } },
        },
        (_, piece) => {
          pieces.push(piece)
          return 'more'
        },
      )
      return judge(answer, Buffer.concat(pieces), { type, origin })
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      // What is done twice is on record twice; nothing else comes of it.
      return { error: unavailable(error.message, error), again: 'yes', asked: 0 }
    }
  }

  function judge(
    answer: Answer,
    body: Uint8Array,
    { type, origin }: { type: string; origin: string | undefined },
  ): Uint8Array | Failed {
    const ledger = answer.header('affidavit-ledger')
    if (
      answer.status >= 200 &&
      answer.status < 300 &&
      isType(answer, type) &&
      (origin === undefined || ledger === origin)
    )
      return body
    const problem = problemIn(answer, body)
    if (problem === undefined)
      throw new NoAnswer(
        'maybe',
        `an answer with status ${answer.status} that is none of ${origin ?? 'a server of ledgers'}`,
      )
    const { code } = problem
    const again = NOTHING_DONE.has(code) || (isPassing(code) && code !== 'outcome-unknown') ? 'yes' : 'no'
    return { error: errorOf(problem), again, asked: retryAfterMillis(answer.header('retry-after'), clock.now()) }
  }

  async function text(asked: Asked): Promise<string> {
    const decoded = decodeUtf8(await bytes(asked))
    if (decoded === undefined) throw unreadable('no UTF-8', undefined)
    return decoded
  }

  return {
    bytes,
    text,
    async json(asked) {
      const answer = await text({ ...asked, type: JSON_TYPE })
      try {
        return JSON.parse(answer)
      } catch (cause) {
        throw unreadable('no JSON', cause)
      }
    },
  }
}

const JSON_TYPE = 'application/json'

function unavailable(problem: string, cause: unknown): LedgerError {
  const why = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : ''
  return new LedgerError('server-unavailable', {
    problem: `the server did not answer: ${problem}${why}`,
    cure: 'see that it runs, and that nothing between here and there answers in its place',
    cause,
  })
}

/** An answer that is not of its form. */
export function unreadable(what: string, cause?: unknown): LedgerError {
  return unavailable(`what came is ${what}`, cause)
}
