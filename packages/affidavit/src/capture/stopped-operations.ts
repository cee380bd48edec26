// Operations of frameworks of which nothing goes on: a framework that repeats its calls is met outside of any run too (C4).

import type { StoppedOperations } from './begin.ts'

const REMEMBERED = 10_000

export function stoppedOperations(): StoppedOperations {
  const stopped = new Map<string, { readonly error: unknown }>()
  return {
    stop(operation_id, error) {
      if (!stopped.has(operation_id)) stopped.set(operation_id, { error })
      const [oldest] = stopped.keys()
      if (stopped.size > REMEMBERED && oldest !== undefined) stopped.delete(oldest)
    },
    stoppedBy: (operation_id) => stopped.get(operation_id),
  }
}
