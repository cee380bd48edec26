// Documents that people put into the folder of a ledger, as YAML or as JSON: its access policy, its retention set.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { DocumentFormat } from '../documents/document.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { statOf } from './stat.ts'

const FORMATS = ['yaml', 'json'] as const

/**
 * What `parse` makes of NAME.yaml or NAME.json; `undefined` where there is neither.
 * @throws LedgerError `invalid-query` where there are two, `store-unavailable`; and what `parse` throws
 */
export function readFolderDocument<T>(
  folder: string,
  name: 'access' | 'retention',
  parse: (text: string, format: DocumentFormat, file: string) => T,
): T | undefined {
  const there = FORMATS.filter((format) => statOf(join(folder, `${name}.${format}`)) !== undefined)
  const [format, other] = there
  if (format === undefined) return undefined
  if (other !== undefined) throw twoDocuments(folder, name)
  const path = join(folder, `${name}.${format}`)
  return parse(readText(path), format, path)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('store-unavailable', { problem: `cannot read ${path}: ${said}`, cause })
  }
}

function twoDocuments(folder: string, name: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${folder} has both ${name}.yaml and ${name}.json, and nothing says which counts`,
    cure: 'keep one of them',
  })
}
