// Drafts enter the queue in the order of the calls, though some are prepared sooner than others.

export interface Line {
  /** `enter` runs once the value is there and everything before it has entered; at once where nothing is waited for. */
  enter<Value, Entered>(value: Value | Promise<Value>, enter: (value: Value) => Promise<Entered>): Promise<Entered>
  /** How many wait to enter. */
  waiting(): number
  /** Resolves when all who wait now have entered, or left. */
  passed(): Promise<void>
}

export function createLine(): Line {
  let last: Promise<void> | undefined
  let waiting = 0

  // What is returned is not awaited: entering is over when `enter` was called.
  async function inTurn<Value, Entered>(
    value: Value | Promise<Value>,
    before: Promise<void> | undefined,
    enter: (value: Value) => Promise<Entered>,
  ): Promise<{ entered: Promise<Entered> }> {
    // Whoever comes first hears of no failure before its turn.
    if (value instanceof Promise) value.catch(() => undefined)
    await before
    const entered = enter(await value)
    // It is awaited by whoever asked, a turn later.
    entered.catch(() => undefined)
    return { entered }
  }

  return {
    enter(value, enter) {
      if (last === undefined && !(value instanceof Promise)) return enter(value)
      waiting++
      const turn = inTurn(value, last, enter)
      const passed = turn.then(leave, leave)
      last = passed

      function leave(): void {
        waiting--
        if (last === passed) last = undefined
      }

      return turn.then(({ entered }) => entered)
    },
    waiting: () => waiting,
    async passed() {
      await last
    },
  }
}
