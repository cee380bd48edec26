// Positions in a ledger as a short text (spec/archive.md §1): `0-5 7 9-12`, ascending, runs as long as they can be.

import { parseDecimal } from '../bytes/decimal.ts'
import type { SeqRun } from '../merkle/partial.ts'

/** The runs of seqs that ascend. @throws RangeError where they do not */
export function runsOf(seqs: Iterable<number>): SeqRun[] {
  const runs: { first: number; last: number }[] = []
  for (const seq of seqs) {
    const run = runs.at(-1)
    if (run !== undefined && seq <= run.last) throw new RangeError(`seq ${seq} does not come after ${run.last}`)
    if (run?.last === seq - 1) run.last = seq
    else runs.push({ first: seq, last: seq })
  }
  return runs
}

export function formatRuns(runs: readonly SeqRun[]): string {
  return runs.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(' ')
}

/** Strict: formatRuns gives the same text again. `undefined` for any other text. */
export function parseRuns(text: string): SeqRun[] | undefined {
  const runs: SeqRun[] = []
  for (const word of text.split(' ')) {
    const [from = '', to, ...more] = word.split('-')
    const first = parseDecimal(from)
    const last = to === undefined ? first : parseDecimal(to)
    if (first === undefined || last === undefined || more.length > 0) return undefined
    if (to !== undefined && last <= first) return undefined
    // Two that touch are one run.
    const before = runs.at(-1)
    if (before !== undefined && first <= before.last + 1) return undefined
    runs.push({ first, last })
  }
  return runs
}

export function countRuns(runs: readonly SeqRun[]): number {
  return runs.reduce((count, { first, last }) => count + last - first + 1, 0)
}

export function* seqsOf(runs: readonly SeqRun[]): Generator<number> {
  for (const { first, last } of runs) for (let seq = first; seq <= last; seq++) yield seq
}

/** Where each part begins when these seqs are cut into parts of so many, one behind the other; `undefined` behind the last. */
export function cutRuns(runs: readonly SeqRun[], counts: Iterable<number>): (number | undefined)[] {
  const firsts: (number | undefined)[] = []
  let [at, within] = [0, 0]
  for (const count of counts) {
    const run = runs[at]
    firsts.push(run === undefined ? undefined : run.first + within)
    within += count
    for (let full = runs[at]; full !== undefined && within > full.last - full.first; full = runs[at]) {
      within -= full.last - full.first + 1
      at++
    }
  }
  return firsts
}

/** How many positions there are in any of these, in whatever order, each counted once. */
export function countDistinct(runs: readonly SeqRun[]): number {
  let [count, next] = [0, 0]
  for (const { first, last } of [...runs].sort((one, other) => one.first - other.first)) {
    count += Math.max(0, last + 1 - Math.max(first, next))
    next = Math.max(next, last + 1)
  }
  return count
}
