/**
 * The error, such that a client hands it to the application as it is. What says "timeout", or was caused by what does, a client
 * of @anthropic-ai/sdk takes for a lost connection: it tries again, and reports a timeout of the provider in the end.
 */
export function unrepeatable(error: unknown): unknown {
  if (!(error instanceof Error) || !causes(error).some(looksLikeTimeout)) return error
  // The same error in everything but what the client looks at.
  return Object.create(error, { cause: { value: undefined }, toString: { value: () => error.name } })
}

function causes(error: unknown): unknown[] {
  const chain = new Set<unknown>()
  for (let next = error; next instanceof Error && !chain.has(next); next = next.cause) chain.add(next)
  return [...chain]
}

function looksLikeTimeout(error: unknown): boolean {
  return /timed? ?out|AbortError/i.test(String(error))
}
