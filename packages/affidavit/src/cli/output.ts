// What people and scripts see: results on stdout, talk on stderr; colour only where a terminal shows it (NO_COLOR counts).

import { writeSync } from 'node:fs'
import { styleText } from 'node:util'

import { EXIT } from './exit-codes.ts'

export type Style = Parameters<typeof styleText>[0]

/** Where a command writes. Tests give their own. */
export interface Terminal {
  out(text: string): void
  err(text: string): void
  /** One line that replaces itself on a terminal's stderr; nothing elsewhere. */
  progress(text: string): void
  /** Takes the progress line away. */
  endProgress(): void
  style(style: Style, text: string): string
  /** Columns of the terminal; endless where it is none: what goes into a file is evidence, and cut nowhere. */
  readonly width: number
}

export function systemTerminal(): Terminal {
  process.stdout.on('error', (error) => endUnread(error, 'standard output'))
  process.stderr.on('error', (error) => endUnread(error, 'standard error'))
  const live = process.stderr.isTTY
  let shown = false
  return {
    out: (text) => {
      process.stdout.write(text)
    },
    err: (text) => {
      process.stderr.write(text)
    },
    progress(text) {
      if (!live) return
      process.stderr.write(`\r\x1b[2K${text}`)
      shown = true
    },
    endProgress() {
      if (shown) process.stderr.write('\r\x1b[2K')
      shown = false
    },
    style: (style, text) => styleText(style, text, { stream: process.stdout }),
    width: process.stdout.columns ?? Number.POSITIVE_INFINITY,
  }
}

// What was recorded is durable; there is nobody left to tell the rest to. Whoever read along (`| head`) knows that they
// have gone; a full disk is worth a line.
function endUnread(error: NodeJS.ErrnoException, stream: string): never {
  if (error.code !== 'EPIPE') sayAtOnce(`affidavit: cannot write to ${stream}: ${error.message}\n`)
  process.exit(EXIT.unavailable)
}

function sayAtOnce(text: string): void {
  try {
    writeSync(2, text)
  } catch (error) {
    // Standard error is what cannot be written: the exit code says it.
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

/** One JSON value as one line, or, for a single result, indented. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** Rows in aligned columns; the last column takes what is left of the width. */
export function table(rows: readonly (readonly string[])[], width: number): string {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) => Math.max(0, ...rows.map((row) => row[i]?.length ?? 0)))
  return rows
    .map(
      (row) =>
        `${fit(row.map((cell, i) => (i === columns - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  '), width)}\n`,
    )
    .join('')
}

function fit(line: string, width: number): string {
  const trimmed = line.trimEnd()
  return trimmed.length <= width ? trimmed : `${trimmed.slice(0, Math.max(0, width - 1))}…`
}

/** 1204 → `1,204`. */
export function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** `1 record`, `1,204 records`. */
export function counted(number: number, thing: string): string {
  return `${count(number)} ${thing}${number === 1 ? '' : 's'}`
}

/** Tells how many of how many records are done: `did` says what was done with them. */
export function progressOn(terminal: Terminal, did: string): (done: number, records: number) => void {
  return (done, records) => terminal.progress(`  ${did} ${count(done)} of ${counted(records, 'record')}`)
}

/** A word of a command line as a POSIX shell reads it back. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** Text that came from a record, safe to print: nothing in it moves the cursor or reorders the line. */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd')
}
