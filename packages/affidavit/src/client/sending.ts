// Drafts on their way to a server (spec/client.md §3): taken up to a bound, sent in groups, several requests at a time, sent again with
// the same ids until each has an outcome or its time is up.

import type { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Appended } from '../ledger/ledger.ts'
import { queueFull } from '../ledger/queue.ts'
import { type Backoff, retryAfterMillis } from './backoff.ts'
import type { DraftLine } from './draft-line.ts'
import { createLanes } from './lanes.ts'
import type { Outcome } from './outcome.ts'
import { errorOf, isPassing, NOTHING_DONE, type Problem } from './problem.ts'
import type { Ended, SentLine } from './send-lines.ts'

export interface Sending {
  /** Resolves when a server says that the draft is durable. @throws LedgerError */
  send(line: DraftLine): Promise<Appended>
  /** Drafts that may still be taken. */
  room(): number
  /** Resolves when there may be room again. */
  roomMade(): Promise<void>
  /** Resolves when everything that was taken has an outcome. */
  settled(): Promise<void>
  /** Takes nothing any more: what waits, and what comes, is refused with this. */
  refuse(error: LedgerError): void
}

export interface SendingParts {
  sendLines(
    lines: readonly SentLine[],
    settle: (index: number, outcome: Outcome) => void,
    signal: AbortSignal,
  ): Promise<Ended>
  /** Hears of each acknowledgement before its caller does; may have everything refused. */
  acknowledged(appended: Appended): void
  readonly backoff: Backoff
  readonly clock: Clock
  readonly alarm: Alarm
  readonly queueCapacity: number
  readonly patienceMillis: number
}

/** Requests with drafts at a time. */
const AT_ONCE = 4
/** How long drafts wait for others behind a request that is under way. */
const GATHER_MILLIS = 5
/** Drafts of a request, and about how many bytes of them. */
const BATCH = { items: 512, bytes: 1_048_576 }

interface Waiting {
  readonly id: string
  readonly conversation: string
  bytes: Uint8Array | undefined
  isOver: boolean
  /** Some request with it may have been carried out. */
  mayBeThere: boolean
  readonly deadline: number
  resolve(appended: Appended): void
  reject(error: LedgerError): void
}

type Ready = Waiting & { readonly bytes: Uint8Array }

export function createSending(parts: SendingParts): Sending {
  const { backoff, clock, alarm, queueCapacity, patienceMillis } = parts
  const lanes = createLanes<Waiting>()
  /** In the order of the calls, which is that of their deadlines. */
  const taken = new Set<Waiting>()
  let underWay = 0
  let turn: 'ended' | 'going on' = 'ended'
  let gathering: { stop(): void } | undefined
  let pause: { stop(): void } | undefined
  let expiry: { stop(): void } | undefined
  let lastFault: unknown
  let refusal: LedgerError | undefined
  let watching: (() => void)[] = []

  function send(line: DraftLine): Promise<Appended> {
    if (refusal !== undefined) return Promise.reject(refusal)
    if (taken.size >= queueCapacity) return Promise.reject(queueFull(queueCapacity))
    return new Promise((resolve, reject) => take(line, resolve, reject))
  }

  function take({ id, conversation, bytes }: DraftLine, resolve: Waiting['resolve'], reject: Waiting['reject']): void {
    const deadline = clock.elapsed() + patienceMillis
    const isThere = bytes instanceof Uint8Array
    const fate = { isOver: false, mayBeThere: false, deadline, resolve, reject }
    const waiting: Waiting = { id, conversation, bytes: isThere ? bytes : undefined, ...fate }
    taken.add(waiting)
    lanes.add(waiting)
    expiry ??= alarm(patienceMillis, expire)
    if (isThere) soon()
    else {
      bytes.then(
        (read) => {
          waiting.bytes = read
          lanes.changed(waiting)
          soon()
        },
        (error: LedgerError) => fail(waiting, error),
      )
    }
  }

  // Those of one turn of the event loop go together, and while a request is under way, those until its answer: each costs its sender more
  // than the drafts in it. Not for long, for it may be about a draft that takes long.
  function soon(): void {
    if (turn === 'going on') return
    turn = 'going on'
    setImmediate(() => {
      turn = 'ended'
      if (underWay === 0) sendAll()
      else gathering ??= alarm(GATHER_MILLIS, sendAll)
    })
  }

  function sendAll(): void {
    gathering?.stop()
    gathering = undefined
    if (pause !== undefined) return
    // A server that failed is tried with one request.
    const most = backoff.failures() > 0 ? 1 : AT_ONCE
    while (underWay < most) {
      // What fails with others is tried with fewer: a draft that no answer comes to holds up only itself in the end.
      const items = Math.max(1, Math.floor(BATCH.items / 2 ** backoff.failures()))
      const lines = lanes.take({ ...BATCH, items }).filter(isReady)
      if (lines.length === 0) return
      underWay++
      void sendOnce(lines)
    }
  }

  async function sendOnce(lines: readonly Ready[]): Promise<void> {
    const abandon = new AbortController()
    const again = new Set<Waiting>(lines)
    let asked: number | undefined
    const settle = (index: number, outcome: Outcome): void => {
      const line = lines[index]
      if (line === undefined) return
      if ('appended' in outcome || !isPassing(outcome.problem.code)) {
        again.delete(line)
        conclude(line, outcome)
        return
      }
      asked ??= 0
      lastFault = errorOf(outcome.problem)
      if (!NOTHING_DONE.has(outcome.problem.code)) line.mayBeThere = true
    }
    for (const line of lines) abandoned.set(line, { lines, abandon })
    const ended = await parts.sendLines(lines, settle, abandon.signal)
    for (const line of lines) abandoned.delete(line)
    if (ended.state === 'answered' && asked === undefined) {
      backoff.answered()
      lastFault = undefined
    } else asked = Math.max(asked ?? 0, learn(ended, again))
    underWay--
    lanes.back(
      lines,
      [...again].filter(({ isOver }) => !isOver),
    )
    if (asked === undefined) sendAll()
    else rest(asked)
  }

  /** Requests under way, by their drafts. */
  const abandoned = new Map<Waiting, { readonly lines: readonly Waiting[]; readonly abandon: AbortController }>()

  // What a request without an outcome for these says of them; answers how long the server asks not to be asked.
  function learn(ended: Ended, without: Set<Waiting>): number {
    if (ended.state === 'answered') return 0
    if (ended.state === 'no answer') {
      lastFault = ended.fault
      if (ended.fault.carriedOut === 'maybe') for (const line of without) line.mayBeThere = true
      return 0
    }
    const { problem, retryAfter } = ended
    lastFault = errorOf(problem)
    if (!isPassing(problem.code)) {
      for (const line of without) conclude(line, { problem })
      without.clear()
      return 0
    }
    if (!NOTHING_DONE.has(problem.code)) for (const line of without) line.mayBeThere = true
    return retryAfterMillis(retryAfter, clock.now())
  }

  function rest(asked: number): void {
    if (pause !== undefined) return
    const millis = backoff.failed(asked)
    for (const line of taken) {
      // It would be over before the server may be asked again: better told now.
      if (asked > 0 && !abandoned.has(line) && line.deadline < clock.elapsed() + millis) fail(line, giveUp(line))
    }
    if (taken.size === 0) return
    pause = alarm(millis, () => {
      pause = undefined
      sendAll()
    })
  }

  function conclude(line: Waiting, outcome: Outcome): void {
    if (line.isOver) return
    if ('problem' in outcome) fail(line, whatIsLeftOf(line, outcome.problem))
    else if (refusal !== undefined) fail(line, refusal)
    else {
      parts.acknowledged(outcome.appended)
      // What it acknowledged cannot be true: everything was refused.
      if (refusal !== undefined) return
      end(line)
      line.resolve(outcome.appended)
    }
  }

  // What a server refuses for good may be there from an earlier request, where that is what keeps it from being taken.
  function whatIsLeftOf(line: Waiting, problem: Problem): LedgerError {
    const isAboutDraft = ABOUT_DRAFT.has(problem.code)
    return line.mayBeThere && !isAboutDraft ? outcomeUnknown(errorOf(problem), patienceMillis) : errorOf(problem)
  }

  function fail(line: Waiting, error: LedgerError): void {
    if (line.isOver) return
    end(line)
    line.reject(error)
  }

  function end(line: Waiting): void {
    line.isOver = true
    taken.delete(line)
    lanes.changed(line)
    const watchers = watching
    watching = []
    for (const tell of watchers) tell()
    if (taken.size > 0) return
    expiry?.stop()
    expiry = undefined
    pause?.stop()
    pause = undefined
  }

  function expire(): void {
    expiry = undefined
    const now = clock.elapsed()
    for (const line of [...taken]) {
      if (line.deadline > now) {
        expiry = alarm(Math.ceil(line.deadline - now), expire)
        return
      }
      const request = abandoned.get(line)
      fail(line, request === undefined ? giveUp(line) : outcomeUnknown(lastFault, patienceMillis))
      // Nobody waits for the rest of its answer.
      if (request?.lines.every(({ isOver }) => isOver) === true) request.abandon.abort()
    }
  }

  function giveUp({ mayBeThere }: Waiting): LedgerError {
    return mayBeThere ? outcomeUnknown(lastFault, patienceMillis) : notCommitted(lastFault, patienceMillis)
  }

  function oneMore(): Promise<void> {
    return taken.size === 0 ? Promise.resolve() : new Promise((resolve) => watching.push(resolve))
  }

  return {
    send,
    room: () => queueCapacity - taken.size,
    roomMade: oneMore,
    async settled() {
      while (taken.size > 0) await oneMore()
    },
    refuse(error) {
      refusal ??= error
      for (const line of [...taken]) fail(line, refusal)
      for (const { abandon } of abandoned.values()) abandon.abort()
    },
  }
}

/** Refusals that say that this very draft was not recorded, now or before. */
const ABOUT_DRAFT: ReadonlySet<string> = new Set([
  'invalid-draft',
  'draft-too-large',
  'id-conflict',
  'recipient-refused',
])

function isReady(line: Waiting): line is Ready {
  return line.bytes !== undefined
}

function notCommitted(cause: unknown, millis: number): LedgerError {
  return new LedgerError('not-committed', {
    problem: `no server took the draft within ${millis} ms${because(cause)}; nothing was recorded, nor will be`,
    cure: 'append it again when the server is there; createAudit({ spool }) keeps records meanwhile',
    cause,
  })
}

function outcomeUnknown(cause: unknown, millis: number): LedgerError {
  return new LedgerError('outcome-unknown', {
    problem: `the server was sent the draft, and did not say within ${millis} ms what became of it${because(cause)}`,
    cure: 'append the same draft with the same id again: it is recorded once',
    cause,
  })
}

function because(cause: unknown): string {
  return cause instanceof Error ? `: ${cause.message}` : ''
}
