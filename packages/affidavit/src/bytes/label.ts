// Labels: short texts that people compare by eye and machines by byte (ids, names, reasons). spec/entry.md §2.

const PLAIN = /^[\x20-\x7e]*$/
// C0 and C1 controls, and the characters that reorder or hide text on a screen (Unicode Bidi_Control, zero-width, BOM).
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/
const EACH_INVISIBLE = new RegExp(INVISIBLE, 'g')
const CUT = '…'

/** What is wrong with `text` as a label of at most `maxBytes` UTF-8 bytes; `undefined` where nothing is. */
export function labelProblem(text: string, maxBytes: number): string | undefined {
  if (text.length === 0) return 'is empty; leave the field out instead'
  if (text.length <= maxBytes && PLAIN.test(text)) return undefined
  if (!text.isWellFormed()) return 'holds a lone surrogate, which is no Unicode character'
  const hidden = INVISIBLE.exec(text)
  if (hidden !== null) return `holds the control or bidirectional character ${codePoint(hidden[0])}`
  const size = Buffer.byteLength(text)
  return size > maxBytes ? `has ${size} bytes; at most ${maxBytes} are kept` : undefined
}

/** As much of `text` as `maxBytes` of UTF-8 hold; where that is not all, `…` is behind it. */
export function fitLabel(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  let fits = ''
  let bytes = Buffer.byteLength(CUT)
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) break
    fits += character
  }
  return fits + CUT
}

/** A stranger's text as a label: line breaks become spaces, what no label holds becomes U+FFFD, and what is too long is cut. */
export function asLabel(text: string, maxBytes: number): string | undefined {
  if (text.length === 0) return undefined
  if (labelProblem(text, maxBytes) === undefined) return text
  const start = text.slice(0, maxBytes + 1).replaceAll(/[\t\n\r]/g, ' ')
  return fitLabel(start.toWellFormed().replaceAll(EACH_INVISIBLE, '\ufffd'), maxBytes)
}

/** As labelProblem, and in Unicode normalization form C: two spellings of one id would be two persons. */
export function idProblem(text: string, maxBytes: number): string | undefined {
  const problem = labelProblem(text, maxBytes)
  if (problem !== undefined || PLAIN.test(text)) return problem
  return text.normalize('NFC') === text ? undefined : 'is not in Unicode normalization form C (NFC)'
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}
