// Questions of one turn of the event loop are asked together, and while one is under way the next ones wait to go as one.

import { setImmediate as turn } from 'node:timers/promises'

/** The same question for many: whoever asks while an answer is awaited is asked for with the others, next; all hear one answer. */
export function gather<Wanted, Answer>(
  ask: (wanted: readonly Wanted[]) => Promise<Answer>,
): (wanted: readonly Wanted[]) => Promise<Answer> {
  let waiting: { readonly wanted: Wanted[]; readonly answered: Promise<Answer> } | undefined
  let underWay: Promise<unknown> = Promise.resolve()

  function begin(): { readonly wanted: Wanted[]; readonly answered: Promise<Answer> } {
    const wanted: Wanted[] = []
    const answered = underWay.then(async () => {
      // Whom one answer lets go on asks in the same turn.
      await turn()
      waiting = undefined
      return ask(wanted)
    })
    underWay = answered.catch(() => undefined)
    return { wanted, answered }
  }

  return (more) => {
    waiting ??= begin()
    waiting.wanted.push(...more)
    return waiting.answered
  }
}
