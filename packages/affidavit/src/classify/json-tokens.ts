// The texts and numbers of a JSON text, where they stand in it, with the keys above them. Nothing is recursive, and nothing
// is written again: what is not replaced stays as it was spelled.

export interface JsonToken {
  readonly kind: 'key' | 'text' | 'number'
  /** What is between the quotes, or the number, as it is spelled. */
  readonly start: number
  readonly end: number
  /** The two nearest keys above, outer first; none for a key. */
  readonly keys: readonly string[]
}

const NUMBER = /[-+.\deE]{1,4096}/y

/** The tokens of `json`, which has to be one JSON text, in their order. */
export function* jsonTokens(json: string): Generator<JsonToken> {
  const outer: (readonly string[])[] = []
  // The keys that lead to the array or object around, and those that lead to the next value.
  let above: readonly string[] = []
  let keys: readonly string[] = []
  for (let at = 0; at < json.length; at++) {
    const char = json.charAt(at)
    if (char === '"') {
      const start = at + 1
      const end = closingQuote(json, start)
      const isKey = json.charAt(afterSpace(json, end + 1)) === ':'
      if (isKey) keys = [...above.slice(-1), decodeText(json.slice(start, end))]
      yield isKey ? { kind: 'key', start, end, keys: [] } : { kind: 'text', start, end, keys }
      at = end
    } else if (char === '{' || char === '[') {
      outer.push(above)
      above = keys
    } else if (char === '}' || char === ']') {
      above = outer.pop() ?? []
      keys = above
    } else if (char === '-' || (char >= '0' && char <= '9')) {
      const end = endOfNumber(json, at)
      yield { kind: 'number', start: at, end, keys }
      at = end - 1
    }
  }
}

/** The text that is spelled so between quotes. */
export function decodeText(spelled: string): string {
  return spelled.includes('\\') ? JSON.parse(`"${spelled}"`) : spelled
}

/** Where each UTF-16 unit of the decoded text is spelled, and where the last one ends. */
export function spellingOf(spelled: string): readonly number[] {
  const places: number[] = []
  let at = 0
  while (at < spelled.length) {
    places.push(at)
    at += spelled.charAt(at) !== '\\' ? 1 : spelled.charAt(at + 1) === 'u' ? 6 : 2
  }
  return [...places, at]
}

function closingQuote(json: string, from: number): number {
  let end = json.indexOf('"', from)
  while (isEscaped(json, end, from)) end = json.indexOf('"', end + 1)
  return end
}

function isEscaped(json: string, quote: number, from: number): boolean {
  let at = quote
  while (at > from && json.charAt(at - 1) === '\\') at--
  return (quote - at) % 2 === 1
}

function afterSpace(json: string, from: number): number {
  let at = from
  while (' \t\r\n'.includes(json.charAt(at)) && at < json.length) at++
  return at
}

function endOfNumber(json: string, from: number): number {
  NUMBER.lastIndex = from
  let end = from
  while (NUMBER.test(json)) end = NUMBER.lastIndex
  return end
}
