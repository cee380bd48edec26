// How well the built-in detector does on labelled sentences: node scripts/pii-score.ts FILE [--misses]
// FILE has one JSON object a line: {"text", "spans": [{"entity_type", "start_position", "end_position"}]}, in code points.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import type { DetectedType, Detection } from '../packages/affidavit/src/classify/detector.ts'
import { detectStructured } from '../packages/affidavit/src/classify/structured.ts'

interface Span {
  readonly entity_type: string
  readonly start_position: number
  readonly end_position: number
}

interface Sentence {
  readonly text: string
  readonly spans: readonly Span[]
}

interface Answer extends Sentence {
  readonly found: readonly Detection[]
}

/** Which labels of the set a type of ours answers to. A date of birth is a date there; an address is a part of one. */
const LABELS: ReadonlyMap<DetectedType, readonly string[]> = new Map([
  ['payment_card', ['CREDIT_CARD']],
  ['us_ssn', ['US_SSN']],
  ['iban', ['IBAN_CODE']],
  ['email_address', ['EMAIL_ADDRESS']],
  ['ip_address', ['IP_ADDRESS']],
  ['phone_number', ['PHONE_NUMBER']],
  ['us_driver_license', ['US_DRIVER_LICENSE']],
  ['birth_date', ['DATE_TIME']],
  ['us_address', ['STREET_ADDRESS', 'ZIP_CODE', 'GPE']],
])

const { values, positionals } = parseArgs({
  options: { misses: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [file] = positionals
if (file === undefined) throw new Error('node scripts/pii-score.ts FILE [--misses]')
score(readSentences(file))

function readSentences(path: string): Sentence[] {
  // The caller's own file, in the form that the head of this one describes.
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  return lines.map((line) => inUtf16(JSON.parse(line) as Sentence))
}

function inUtf16({ text, spans }: Sentence): Sentence {
  const points = [...text]
  const offset = (position: number): number => points.slice(0, position).join('').length
  return {
    text,
    spans: spans.map((span) => ({
      entity_type: span.entity_type,
      start_position: offset(span.start_position),
      end_position: offset(span.end_position),
    })),
  }
}

function score(sentences: readonly Sentence[]): void {
  const answers = sentences.map((sentence) => ({ ...sentence, found: detectStructured(sentence.text) }))
  console.log(`${answers.length} sentences`)
  for (const [type, labels] of LABELS) scoreType(answers, type, labels)
  tellOthers(answers)
  const clean = answers.filter(({ spans }) => spans.length === 0)
  console.log(`clean sentences touched: ${share(clean.filter(({ found }) => found.length > 0).length, clean.length)}`)
}

/** A label is met by any overlap with a finding of its type, and a finding is right where it overlaps such a label. */
function scoreType(answers: readonly Answer[], type: DetectedType, labels: readonly string[]): void {
  const marks: string[] = []
  let [wanted, met, told, right] = [0, 0, 0, 0]
  for (const { text, spans, found } of answers) {
    const own = found.filter((one) => one.type === type)
    const labelled = spans.filter(({ entity_type }) => labels.includes(entity_type))
    const missed = labelled.filter((span) => !own.some((one) => overlap(one, span)))
    const wrong = own.filter((one) => !labelled.some((span) => overlap(one, span)))
    wanted += labelled.length
    met += labelled.length - missed.length
    told += own.length
    right += own.length - wrong.length
    marks.push(...missed.map((span) => `  missed ${shown(text, span.start_position, span.end_position)}`))
    marks.push(...wrong.map(({ start, end }) => `  wrong  ${shown(text, start, end)}`))
  }
  console.log(`${type.padEnd(18)} recall ${share(met, wanted)}  precision ${share(right, told)}`)
  if (values.misses) for (const mark of marks) console.log(mark)
}

function tellOthers(answers: readonly Answer[]): void {
  const others = answers.flatMap(({ found, text }) =>
    found.filter(({ type }) => !LABELS.has(type)).map(({ type, start, end }) => `  ${type} ${shown(text, start, end)}`),
  )
  console.log(`findings of other types: ${others.length}`)
  if (values.misses) for (const other of others) console.log(other)
}

function overlap(detection: Detection, span: Span): boolean {
  return detection.start < span.end_position && span.start_position < detection.end
}

function shown(text: string, start: number, end: number): string {
  return JSON.stringify(
    `${text.slice(Math.max(0, start - 40), start)}«${text.slice(start, end)}»${text.slice(end, end + 20)}`,
  )
}

function share(part: number, whole: number): string {
  return whole === 0 ? '  –   (0)' : `${(part / whole).toFixed(3)} (${part} of ${whole})`
}
