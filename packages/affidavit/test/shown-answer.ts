// What a document shows of an answer, held against the answer: `…` stands for anything, at the end of a text, as a member or as the rest.

const REST = '…'

/** Where they differ; undefined where what is shown is so. */
export function differs(shown: string, real: string): string | undefined {
  const [expected, found] = [valuesOf(shown), valuesOf(real)]
  if (expected === undefined) return linesDiffer(shown, real)
  if (found === undefined) return `no JSON: ${real}`
  return valueDiffers(expected, found, '')
}

/** One JSON value, or one a line. */
function valuesOf(text: string): readonly unknown[] | undefined {
  try {
    return [JSON.parse(text)]
  } catch {
    try {
      return text
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
    } catch {
      return undefined
    }
  }
}

function linesDiffer(shown: string, real: string): string | undefined {
  const [expected, found] = [shown.trim().split('\n'), real.trim().split('\n')]
  if (expected.length !== found.length) return `${expected.length} lines are shown: ${real}`
  const at = expected.findIndex((line, i) => !isText(line, found[i] ?? ''))
  return at === -1 ? undefined : `line ${at + 1}: ${found[at]}`
}

function valueDiffers(shown: unknown, real: unknown, path: string): string | undefined {
  if (typeof shown === 'string') return isText(shown, String(real)) ? undefined : `${path}: ${JSON.stringify(real)}`
  if (Array.isArray(shown)) return Array.isArray(real) ? listDiffers(shown, real, path) : `${path}: no list`
  if (typeof shown === 'object' && shown !== null) {
    if (typeof real !== 'object' || real === null) return `${path}: no object`
    return membersDiffer(shown, real, path)
  }
  return Object.is(shown, real) ? undefined : `${path}: ${JSON.stringify(real)}`
}

function isText(shown: string, real: string): boolean {
  return shown.endsWith(REST) ? real.startsWith(shown.slice(0, -REST.length)) : shown === real
}

function listDiffers(shown: readonly unknown[], real: readonly unknown[], path: string): string | undefined {
  const isOpen = shown.at(-1) === REST
  const listed = isOpen ? shown.slice(0, -1) : shown
  if (isOpen ? real.length <= listed.length : real.length !== listed.length) return `${path}: ${real.length} members`
  return first(listed.map((one, i) => valueDiffers(one, real[i], `${path}[${i}]`)))
}

function membersDiffer(shown: object, real: object, path: string): string | undefined {
  const unshown = Object.keys(real).filter((name) => !(name in shown))
  if (!(REST in shown) && unshown.length > 0) return `${path}: ${unshown.join(', ')} is not shown`
  const named = Object.entries(shown).filter(([name]) => name !== REST)
  return first(
    named.map(([name, value]) =>
      name in real ? valueDiffers(value, Reflect.get(real, name), `${path}.${name}`) : `${path}.${name} is not there`,
    ),
  )
}

function first(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find((one) => one !== undefined)
}
