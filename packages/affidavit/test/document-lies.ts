// Documents that must be refused, and how: named lies in a folder of testdata, each a file.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { DocumentFault } from '../src/documents/fault.ts'

export interface DocumentLie {
  readonly name: string
  readonly file: string
  readonly line: number | null
  readonly path: string
  readonly problem: string
}

export function documentLies(folder: string): readonly DocumentLie[] {
  return JSON.parse(readFileSync(join(folder, 'lies.json'), 'utf8'))
}

/** What a document is refused with. */
export function documentFault(read: () => unknown): DocumentFault {
  try {
    read()
  } catch (error) {
    return error instanceof DocumentFault ? error : assert.fail(`threw ${error}`)
  }
  return assert.fail('nothing was refused')
}
