// The segments of a spool that are not let go yet, oldest first.

import type { SegmentTitle } from './segment.ts'

export interface Segment {
  readonly path: string
  readonly title: SegmentTitle
  /** The number behind its last draft. */
  end: number
  /** In the file. */
  bytes: number
  /** Drafts of it that were recorded, refused or found unreadable. */
  handled: number
  /** Numbers of those that were found unreadable. */
  readonly unreadable: number[]
}

export interface Segments {
  oldest(): Segment | undefined
  add(segment: Segment): void
  /** Lets go of the oldest. */
  drop(): void
  /** Drafts that wait. */
  waiting(): number
}

export function createSegments(found: readonly Segment[]): Segments {
  const segments = [...found]
  return {
    oldest: () => segments[0],
    add: (segment) => void segments.push(segment),
    drop: () => void segments.shift(),
    waiting: () => segments.reduce((sum, { title, end, handled }) => sum + end - title.first - handled, 0),
  }
}

/** The name of a segment, which sorts by its first number. */
export function segmentName(first: number): string {
  return `${padded(first)}.spool`
}

/** Its name when some of it could not be read. */
export function damagedName({ title, end }: Pick<Segment, 'title' | 'end'>): string {
  return `${padded(title.first)}-${padded(end - 1)}.damaged`
}

export function refusedName(number: number): string {
  return `${padded(number)}.refused`
}

function padded(number: number): string {
  return String(number).padStart(12, '0')
}

/** The first, or only, number in the name of a file. */
export function numberOf(name: string): number {
  return Number(name.slice(0, 12))
}

/** The last one. */
export function lastNumberOf(name: string): number {
  return Number(/-(\d{12})\.damaged$/.exec(name)?.[1] ?? numberOf(name))
}

/** The number behind the last draft that the name of what was set aside tells of; 0 for any other name. */
export function nextBehind(name: string): number {
  return isKept(name) && !name.endsWith('.spool') ? lastNumberOf(name) + 1 : 0
}

/** Whether a file is one that the spool keeps, by its name. */
export function isKept(name: string): boolean {
  return /^\d{12}(?:\.spool|\.refused|-\d{12}\.damaged)$/.test(name)
}
