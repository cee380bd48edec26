// Ctrl-C ends long work behind the step that is under way; a second one ends the process.

export async function* untilInterrupted<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  let interrupted = false
  const interrupt = (): void => {
    interrupted = true
  }
  process.once('SIGINT', interrupt)
  try {
    for await (const item of items) {
      yield item
      if (interrupted) return
    }
  } finally {
    process.off('SIGINT', interrupt)
  }
}
