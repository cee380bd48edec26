// The built-in detector together with those of one's own. A detector that fails is named, never passed over in silence.

import type { Detection, Detector } from './detector.ts'
import { isDetectedType } from './raise.ts'
import { settle } from './settle.ts'
import { detectStructured } from './structured.ts'

export interface Detected {
  /** Sorted, without overlap: what all detectors that looked have found. */
  readonly detections: readonly Detection[]
  /** Detectors that threw, or answered with offsets outside the text or a type that there is not. For them the text counts as not looked at. */
  readonly undetectedBy: readonly string[]
}

/** Never throws for a detector's fault: whoever calls decides what an unseen text may still be used for. */
export async function detectWith(text: string, detectors: readonly Detector[]): Promise<Detected> {
  const answers = await Promise.all(detectors.map((detector) => ask(detector, text)))
  const found = answers.flatMap((answer) => answer ?? [])
  return {
    detections: settle(text, [...detectStructured(text), ...found]),
    undetectedBy: detectors.filter((_, i) => answers[i] === undefined).map(({ name }) => name),
  }
}

// The error itself stays out: what a detector throws may quote the text.
async function ask(detector: Detector, text: string): Promise<readonly Detection[] | undefined> {
  try {
    const answer = await detector.detect(text)
    return answer.every((detection) => isDetectedType(detection.type) && isInside(detection, text)) ? answer : undefined
  } catch {
    return undefined
  }
}

function isInside({ start, end }: Detection, text: string): boolean {
  return Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start < end && end <= text.length
}
