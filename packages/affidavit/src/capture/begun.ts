// Records on their way: what a step, and what comes after it, waits for (spec/capture.md §2).

/** Records on their way. */
export interface Begun {
  /** Sends those on their way at once that let the step go first. */
  launch(): void
  /** Resolves when all are durable. Rejects with what kept the first one from it. */
  readonly durable: Promise<void>
  /** Resolves when those are durable without which the step does not happen. */
  readonly needed: Promise<void>
}

export const NOTHING_BEGUN: Begun = { launch: () => undefined, durable: Promise.resolve(), needed: Promise.resolve() }
