// Where an identifier can begin. Every structured identifier holds a digit, so only words with one are looked at.

/** A maximal run of ASCII letters and digits with a digit in it. Other scripts write no space before a number: they end it. */
export interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
  /** Nothing but digits. */
  readonly numeric: boolean
}

const DIGIT = 1
const LETTER = 2
const KINDS: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (char >= '0' && char <= '9') return DIGIT
  return /^[A-Za-z]$/.test(char) ? LETTER : 0
})

/** Visits each token once, from left to right. */
export function eachToken(text: string, visit: (token: Token) => void): void {
  for (let at = 0; at < text.length; at++) {
    let kind = KINDS[text.charCodeAt(at)] ?? 0
    if (kind === 0) continue
    const start = at
    let seen = 0
    while (kind !== 0) {
      seen |= kind
      kind = KINDS[text.charCodeAt(++at)] ?? 0
    }
    if ((seen & DIGIT) !== 0) visit({ text, start, end: at, numeric: seen === DIGIT })
  }
}

/** Is there an ASCII letter or digit? Outside the text there is none. */
export function isWordAt(text: string, at: number): boolean {
  return (KINDS[text.charCodeAt(at)] ?? 0) !== 0
}

export function isDigitAt(text: string, at: number): boolean {
  return KINDS[text.charCodeAt(at)] === DIGIT
}

/** Is what begins at `start` joined by `-` or `.` to digits before it, and so the tail of something longer? */
export function continuesNumber(text: string, start: number): boolean {
  return isJoint(text, start - 1) && isDigitAt(text, start - 2)
}

/** Does more of the same follow `end`: a letter, a digit, or digits behind `-` or `.`? */
export function isContinued(text: string, end: number): boolean {
  return isWordAt(text, end) || (isJoint(text, end) && isDigitAt(text, end + 1))
}

function isJoint(text: string, at: number): boolean {
  const char = text.charAt(at)
  return char === '-' || char === '.'
}

/** What a sticky pattern matches at `start`. Patterns here repeat nothing without bound: a look costs a constant. */
export function matchAt(pattern: RegExp, text: string, start: number): RegExpExecArray | undefined {
  pattern.lastIndex = start
  return pattern.exec(text) ?? undefined
}

/** The ASCII digits of a short text. */
export function digitsOf(text: string): string {
  let digits = ''
  for (let i = 0; i < text.length; i++) if (isDigitAt(text, i)) digits += text.charAt(i)
  return digits
}
