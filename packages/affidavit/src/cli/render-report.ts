// A verification report for people: the verdict first, every axis, what is wrong and where, what was not checked.

import { type Report, sentence } from '../verify/report.ts'
import { count, printable, type Style, type Terminal } from './output.ts'

const HEADLINE: Readonly<Record<Report['status'], { word: string; style: Style }>> = {
  valid: { word: ' VALID ', style: ['bgGreen', 'black', 'bold'] },
  tampered: { word: ' TAMPERED ', style: ['bgRed', 'white', 'bold'] },
  incomplete: { word: ' INCOMPLETE ', style: ['bgYellow', 'black', 'bold'] },
  empty: { word: ' EMPTY ', style: ['bgYellow', 'black', 'bold'] },
}

const GOOD: ReadonlySet<string> = new Set(['intact', 'complete', 'pinned key', 'external'])
const BAD: ReadonlySet<string> = new Set(['altered', 'broken', 'gaps', 'contradicted', 'unsigned'])
const SHOWN = 8

export function renderReport(report: Report, terminal: Terminal): string {
  const { word, style } = HEADLINE[report.status]
  const records = `${count(report.records_checked)} ${report.records_checked === 1 ? 'record' : 'records'} checked`
  return [
    '',
    `  ${terminal.style(style, word)}  ${records}${subjectOf(report)}`,
    '',
    ...Object.entries(report.axes).map(
      ([axis, { verdict, says }]) => `  ${axis.padEnd(13)} ${coloured(verdict, printable(says), terminal)}`,
    ),
    ...findings(report, terminal),
    '',
    terminal.style('dim', '  Not checked'),
    ...report.not_checked.map((line) => terminal.style('dim', `  · ${printable(line)}`)),
    '',
    '',
  ].join('\n')
}

function subjectOf({ subject }: Report): string {
  const what = subject.conversation_id === undefined ? '' : `conversation ${subject.conversation_id} of `
  return subject.origin === undefined ? '' : printable(`  ·  ${what}${subject.origin}`)
}

function coloured(verdict: string, says: string, terminal: Terminal): string {
  if (GOOD.has(verdict)) return terminal.style('green', says)
  return BAD.has(verdict) ? terminal.style('red', says) : says
}

function findings({ findings: found, findings_count }: Report, terminal: Terminal): string[] {
  if (found.length === 0) return []
  const more = findings_count > SHOWN ? [`  … and ${count(findings_count - SHOWN)} more (--json has them)`] : []
  return [
    '',
    '  Found',
    ...found
      .slice(0, SHOWN)
      .map((one) => `  ${terminal.style('red', '✗')} ${printable(sentence(one))}  ${terminal.style('dim', one.code)}`),
    ...more,
  ]
}
