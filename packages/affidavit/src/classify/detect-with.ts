// Asking detectors of one's own (spec/detection.md §10). One that fails is named, never passed over in silence.

import type { Alarm } from '../clock/alarm.ts'
import type { Detection, Detector } from './detector.ts'
import { isDetectedType } from './raise.ts'

export interface DetectorParts {
  readonly detectors: readonly Detector[]
  /** How long one may take for one text. */
  readonly patienceMillis: number
  readonly alarm: Alarm
}

export interface Answered {
  /** What all detectors that looked have found, in any order. */
  readonly found: readonly Detection[]
  /**
   * The detectors that threw, took too long, or answered what cannot be: offsets outside the text, a type that there is not. For
   * them the text counts as not looked at.
   */
  readonly undetectedBy: readonly string[]
}

/** Asks for one draft. Never throws for a detector's fault: whoever asks decides what an unseen text may still be used for. */
export type Ask = (text: string) => Promise<Answered>

/** A detector that took too long is not asked again for the same draft. */
export function createAsk({ detectors, patienceMillis, alarm }: DetectorParts): Ask {
  const late = new Set<Detector>()

  async function answerOf(detector: Detector, text: string): Promise<readonly Detection[] | undefined> {
    if (late.has(detector)) return undefined
    try {
      const answer = await inTime(async () => detector.detect(text), patienceMillis, alarm)
      if (answer === 'late') late.add(detector)
      return answer === 'late' ? undefined : detectionsOf(answer, text)
    } catch {
      // The error itself stays out: what a detector throws may quote the text.
      return undefined
    }
  }

  return async (text) => {
    const answers = await Promise.all(detectors.map((detector) => answerOf(detector, text)))
    return {
      found: answers.flatMap((answer) => answer ?? []),
      undetectedBy: detectors.filter((_, i) => answers[i] === undefined).map(({ name }) => name),
    }
  }
}

function inTime<Answer>(ask: () => Promise<Answer>, millis: number, alarm: Alarm): Promise<Answer | 'late'> {
  return new Promise((resolve, reject) => {
    const waiting = alarm(millis, () => resolve('late'))
    // Behind what is under way: a detector that appends to the ledger which asks it finds the queue full, and not the stack.
    Promise.resolve()
      .then(ask)
      .then(resolve, reject)
      .finally(() => waiting.stop())
  })
}

/** A copy, each member read once; `undefined` where one of them cannot be. A program without types may answer anything. */
function detectionsOf(answer: unknown, text: string): readonly Detection[] | undefined {
  if (!Array.isArray(answer)) return undefined
  const copies = answer.map((detection: unknown) => {
    const { type, start, end } = Object(detection)
    return { type, start, end }
  })
  return copies.every((copy) => isDetection(copy, text)) ? copies : undefined
}

interface Unread {
  readonly type: unknown
  readonly start: unknown
  readonly end: unknown
}

function isDetection(copy: Unread, text: string): copy is Detection {
  const { type, start, end } = copy
  if (typeof type !== 'string' || !isDetectedType(type)) return false
  if (typeof start !== 'number' || typeof end !== 'number') return false
  return Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start < end && end <= text.length
}
