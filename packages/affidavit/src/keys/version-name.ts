// Names of the versions of a key-encryption key: NUMBER-RANDOM. The number orders them; the random part makes sure that a
// name never comes back, not even where a keeper was restored to an older state and counts from there (spec/keys.md §2).

import { randomBytes } from 'node:crypto'

const NAME = /^(\d{4,9})-[0-9a-f]{16}$/

export function isVersionName(text: string): boolean {
  return NAME.test(text)
}

/** A name after all of `existing`. Two processes may choose one number at once: their names differ. */
export function nextVersionName(existing: readonly string[]): string {
  const newest = existing.reduce((highest, name) => Math.max(highest, numberOf(name)), 0)
  return `${String(newest + 1).padStart(4, '0')}-${randomBytes(8).toString('hex')}`
}

/** For sorting, in the order of creation. */
export function compareVersionNames(a: string, b: string): number {
  return numberOf(a) - numberOf(b) || (a < b ? -1 : Number(a > b))
}

function numberOf(name: string): number {
  return Number(NAME.exec(name)?.[1] ?? 0)
}
