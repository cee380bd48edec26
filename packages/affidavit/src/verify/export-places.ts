// Which entry of the log a line is taken for. What it says of itself counts only where the tree has these very bytes
// there: an altered line must not lead astray where the others belong.

import { GROUP } from './export-tree.ts'
import { type FindingList, finding } from './finding.ts'

/** A line, as far as finding its place goes. */
export interface Claim {
  /** The seq that it names, if it can be read at all. */
  readonly seq: number | undefined
  readonly id: string | undefined
  /** Of its line, from 1. */
  readonly number: number
  /** Whether the tree has its bytes at a place; `unknown` where the tile is missing. */
  stands(seq: number): 'here' | 'not here' | 'unknown'
}

/** Finds the place of the next line; `undefined` where it has none, which is said. */
export type Placement = (claim: Claim) => number | undefined

export interface Places {
  readonly next: Placement
  /** All lines are read: says which entries are missing behind the last one. */
  end(): void
}

/** In an export of every entry, lines are the entries from 0 on. */
export function placesOfAll(size: number, findings: FindingList): Places {
  let expected = 0

  function place(claim: Claim): number | undefined {
    const { seq, id, number } = claim
    if (seq !== undefined && seq !== expected && seq < size && claim.stands(seq) === 'here') {
      if (seq < expected) {
        findings.add(finding('wrong-seq', { seq, ...named(id) }, `line ${number} stands behind seq ${expected - 1}`))
        return undefined
      }
      missing(seq)
      return seq
    }
    if (expected < size) return expected
    findings.add(surplus(number, `the log had ${size} entries`))
    return undefined
  }

  function missing(until: number): void {
    if (until <= expected) return
    const entries =
      until - expected === 1 ? `the entry at seq ${expected} is` : `the entries at seq ${expected} to ${until - 1} are`
    findings.add(finding('entry-missing', { seq: expected }, `${entries} missing`))
  }

  return {
    next(claim) {
      const seq = place(claim)
      if (seq !== undefined) expected = seq + 1
      return seq
    },
    end: () => missing(size),
  }
}

/** In an export of some entries, lines are entries in the order of seq. */
export function placesOfSome(size: number, findings: FindingList): Places {
  let last = -1
  return {
    next(claim) {
      const { seq, id, number } = claim
      if (seq === undefined) {
        findings.add(finding('entry-altered', { what: lineName(number) }, 'it does not say which entry it is'))
        return undefined
      }
      const place = { seq, ...named(id) }
      const stands = seq < size ? claim.stands(seq) : 'not here'
      if (stands !== 'not here' && seq > last) {
        last = seq
        return seq
      }
      if (stands !== 'not here') {
        findings.add(finding('wrong-seq', place, `line ${number} stands behind seq ${last}`))
        return undefined
      }
      // Line or tile was altered: which one shows when the group is settled. The lines behind go on from the last one.
      if (seq > last && seq < size && groupOf(seq) === groupOf(Math.max(last, 0))) return seq
      findings.add(finding('entry-altered', place, `line ${number} is not what the log has there`))
      return undefined
    },
    end: () => undefined,
  }
}

function groupOf(seq: number): number {
  return Math.floor(seq / GROUP)
}

export function lineName(number: number): string {
  return `entries.jsonl, line ${number}`
}

function surplus(number: number, problem: string): ReturnType<typeof finding> {
  return finding('entry-surplus', { what: lineName(number) }, problem)
}

function named(id: string | undefined): { id?: string } {
  return id === undefined ? {} : { id }
}
