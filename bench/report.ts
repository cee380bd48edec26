// What was measured, as a table for people or as JSON for machines. Ratios carry the verdict; absolute figures are
// printed beside them so that nobody has to believe a ratio.

import { availableParallelism } from 'node:os'

import type { Comparison } from './rounds.ts'

/** What architecture promises of a ratio. */
export interface Budget {
  readonly kind: 'at least' | 'at most'
  readonly ratio: number
}

export interface Row extends Comparison {
  readonly measurement: string
  readonly what: string
  readonly against: string
  readonly unit: string
  /** Absent where the figure is told for information. */
  readonly budget?: Budget
}

type Verdict = 'met' | 'within 0.75' | 'missed' | 'no budget'

/** `within 0.75`: short of the budget by a quarter at most. */
function verdictOf({ ratio, budget }: Row): Verdict {
  if (budget === undefined) return 'no budget'
  const share = budget.kind === 'at least' ? ratio / budget.ratio : budget.ratio / ratio
  if (share >= 1) return 'met'
  return share >= 0.75 ? 'within 0.75' : 'missed'
}

export function renderJson(rows: readonly Row[]): string {
  const machine = { node: process.versions.node, sqlite: process.versions.sqlite, cores: availableParallelism() }
  return JSON.stringify({ machine, rows: rows.map((row) => ({ ...row, verdict: verdictOf(row) })) }, undefined, 2)
}

export function renderTable(rows: readonly Row[]): string {
  const cells = [
    ['', 'ours', 'baseline', '', 'ratio', 'spread', 'budget', 'verdict'],
    ...rows.map((row) => [
      `${row.measurement}: ${row.what}`,
      figure(row.ours),
      figure(row.baseline),
      `${row.unit} (${row.against})`,
      row.ratio.toFixed(2),
      `${row.lowest.toFixed(2)}..${row.highest.toFixed(2)}`,
      row.budget === undefined ? '' : `${row.budget.kind === 'at least' ? '≥' : '≤'} ${row.budget.ratio}`,
      verdictOf(row),
    ]),
  ]
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) => alignRow(row, widths)).join('\n')
}

const LEFT_ALIGNED: ReadonlySet<number> = new Set([0, 3, 7])

function alignRow(row: readonly string[], widths: readonly number[]): string {
  const aligned = row.map((cell, column) => {
    const width = widths[column] ?? 0
    return LEFT_ALIGNED.has(column) ? cell.padEnd(width) : cell.padStart(width)
  })
  return aligned.join('  ').trimEnd()
}

function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}
