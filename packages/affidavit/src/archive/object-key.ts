// The names of objects: relative paths that mean the same in a folder, in S3 and in Google Cloud Storage, and lead nowhere else.

import { LedgerError } from '../errors/ledger-error.ts'

const MAX_CHARACTERS = 512
// A file name has 255 bytes; a folder keeps drafts and locks under longer names beside.
const PART = /^[a-z0-9][a-z0-9._-]{0,199}$/

/** 1 to 512 characters; parts of `[a-z0-9._-]`, divided by `/`, each with 200 at most and a letter or digit first. */
export function isObjectKey(key: string): boolean {
  return key.length <= MAX_CHARACTERS && key.split('/').every(isKeyPart)
}

export function isKeyPart(part: string): boolean {
  return PART.test(part)
}

/** @throws LedgerError `invalid-query` */
export function assertObjectKey(key: string): void {
  if (!isObjectKey(key)) throw notOfItsForm('key', key)
}

/** What keys can begin with. @throws LedgerError `invalid-query` */
export function assertKeyPrefix(prefix: string): void {
  if (!isObjectKey(`${prefix}x`)) throw notOfItsForm('prefix', prefix)
}

function notOfItsForm(path: string, text: string): LedgerError {
  return new LedgerError('invalid-query', {
    path,
    problem: `${JSON.stringify(text.slice(0, 80))} is no ${path} of an object`,
    cure: 'parts of a-z, 0-9, dot, underscore and hyphen, beginning with a letter or digit, divided by /',
  })
}
