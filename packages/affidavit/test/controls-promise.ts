// What a control promises of an answer: `records.*.action = data_accessed`, `count >= 2`, or a path where anything is.

/** What of it is not there; undefined where it is. */
export function broken(promise: string, answer: unknown): string | undefined {
  const [, path = promise, compare, wanted = ''] = /^(\S+) (=|>=) (.+)$/s.exec(promise) ?? []
  const found = valuesAt(answer, path.split('.'))
  const isKept =
    compare === undefined
      ? found.some((value) => value !== undefined && value !== null && value !== '')
      : found.some((value) => (compare === '=' ? String(value) === wanted : Number(value) >= Number(wanted)))
  return isKept ? undefined : `${promise}, but found ${JSON.stringify(found.slice(0, 5))}`
}

/** A name with dots in it is found where the parts before it lead nowhere else. */
function valuesAt(value: unknown, [name, ...rest]: readonly string[]): readonly unknown[] {
  if (name === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  if (name === '*') return Object.values(value).flatMap((member) => valuesAt(member, rest))
  if (name in value) return valuesAt(Reflect.get(value, name), rest)
  const [next, ...others] = rest
  return next === undefined ? [] : valuesAt(value, [`${name}.${next}`, ...others])
}
