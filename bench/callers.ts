// Callers as an application has them: each appends its next record when its last one is durable.

import type { Draft, Ledger } from 'affidavit'

/** How many append at once where many do. */
export const CALLERS = 256

/** Lets `callers` share the drafts; answers records per second. */
export async function appendConcurrently(
  ledger: Pick<Ledger, 'append'>,
  drafts: readonly Draft[],
  callers: number,
): Promise<number> {
  const waiting = drafts.values()
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (const draft of waiting) await ledger.append(draft)
    }),
  )
  return drafts.length / ((performance.now() - begun) / 1000)
}
