// Waiting for what somebody else has to let go of first.

/** What a timer can count. */
const LONGEST = 2 ** 31 - 1

/** @throws what `answer` does, or `late` where it takes longer; it may still come then */
export async function inTime<T>(answer: Promise<T>, millis: number, late: string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(late)), Math.min(millis, LONGEST))
  try {
    return await Promise.race([answer, promise])
  } finally {
    clearTimeout(timer)
  }
}
