// The access policy in the folder of a ledger (spec/access.md).

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseAccessPolicy } from '../access/parse.ts'
import type { AccessPolicy } from '../access/policy.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { statOf } from './stat.ts'

const FILES = [
  { name: 'access.yaml', format: 'yaml' },
  { name: 'access.json', format: 'json' },
] as const

/**
 * The policy; `undefined` where there is none.
 * @throws DocumentFault where it is no access policy; LedgerError `invalid-query` where there are two, `store-unavailable`
 */
export function readAccess(folder: string): AccessPolicy | undefined {
  const there = FILES.filter(({ name }) => statOf(join(folder, name)) !== undefined)
  const [file, other] = there
  if (file === undefined) return undefined
  if (other !== undefined) throw twoPolicies(folder)
  const path = join(folder, file.name)
  return parseAccessPolicy(readText(path), file.format, path)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('store-unavailable', { problem: `cannot read ${path}: ${said}`, cause })
  }
}

function twoPolicies(folder: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${folder} has an access.yaml and an access.json, and nothing says which counts`,
    cure: 'keep one of them',
  })
}
