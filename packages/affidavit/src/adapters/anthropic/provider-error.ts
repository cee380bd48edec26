import { shapeOf } from '../wire/shape.ts'

/** What the provider says is wrong: `{ type, message }`, as an error. */
export function providerError(said: unknown): { readonly code: unknown; readonly message: unknown } {
  const { type, message } = shapeOf(said)
  return { code: type, message }
}
