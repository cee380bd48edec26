// Calls as a worker thread hears them. Falling asleep and being woken costs about as much as a commit, so that a thread that
// is called once after another looks out for the next call, and a transaction waits a moment for callers who go on because of
// the last answers.

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'

import { unreachable } from '../../errors/ledger-error.ts'
import type { Listen } from './group-commit.ts'

/** What the caller says: a call, or only that it has heard all answers and has nothing more to call for now. */
export type Word = Call | { readonly heard: number }

export interface Call {
  readonly call: number
  /** How many answers the caller had heard by then. */
  readonly heard: number
  readonly method: string
  readonly values: readonly unknown[]
}

/**
 * How long a transaction waits for a batch: longer than it takes to hear an answer and admit the next drafts, and little
 * where the caller is busy with something else.
 */
const PATIENCE_MILLIS = 2

/** How long a thread looks out for the next call before it sleeps: enough for whoever calls again at once. */
const LOOK_OUT_MILLIS = 0.4
/** What counts as at once: as long, and what waking a thread that slept may take besides. */
const AT_ONCE_MILLIS = 0.7

const moment = new Int32Array(new SharedArrayBuffer(4))

/** Blocks this thread, and no other. */
export function wait(millis: number): void {
  Atomics.wait(moment, 0, 0, millis)
}

/**
 * Answers the calls that come through `port`; gives the way to hear more of them while one is being answered, which blocks
 * this thread with `pause`, moment by moment.
 */
export function answerCalls(
  port: MessagePort,
  answer: (call: Call) => Promise<unknown>,
  pause: (millis: number) => void = wait,
): Listen {
  let told = 0
  let heard = 0
  let unanswered = 0
  let idleSince = 0
  /** Calls since it was idle, and whether the first of them came at once. */
  let taken = 0
  let came: 'at once' | 'later' = 'later'

  function take(word: Word): void {
    heard = word.heard
    if (!('call' in word)) return
    if (taken === 0) came = performance.now() - idleSince < AT_ONCE_MILLIS ? 'at once' : 'later'
    taken++
    unanswered++
    answer(word).then(tell, (error: unknown) => unreachable(String(error)))
  }

  function tell(answered: unknown): void {
    port.postMessage(answered)
    told++
    unanswered--
    if (unanswered > 0) return
    idleSince = performance.now()
    const single = taken === 1
    taken = 0
    // Many at a time share what waking costs, and the processor is better used by them.
    if (single && came === 'at once') lookOut()
  }

  function lookOut(): void {
    while (unanswered === 0 && performance.now() - idleSince < LOOK_OUT_MILLIS) {
      const word = receiveMessageOnPort(port)
      if (word !== undefined) take(word.message)
    }
  }

  port.on('message', take)

  return (next) => {
    const until = performance.now() + PATIENCE_MILLIS
    let word = receiveMessageOnPort(port)
    while (word === undefined && (next === 'announced' || heard < told) && performance.now() < until) {
      pause(0.05)
      word = receiveMessageOnPort(port)
    }
    for (; word !== undefined; word = receiveMessageOnPort(port)) take(word.message)
  }
}
