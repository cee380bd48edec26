// Decimal integers as transparency logs write them: ASCII digits, no sign, no leading zero, at most 2^53 - 1.

/** The number a canonical decimal string names; `undefined` for any other spelling or a value beyond 2^53 - 1. */
export function parseDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
