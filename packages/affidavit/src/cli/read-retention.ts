// The retention policies that a command line means: of a file, of a ledger’s folder, or the built-in ones (spec/retention.md §1).

import { type Command, Option } from 'commander'

import { placeOf } from '../embedded/place.ts'
import { readRetention } from '../embedded/retention.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseRetentionSet } from '../retention/parse.ts'
import type { RetentionPolicy } from '../retention/policy.ts'
import { builtInSet, type PolicySet, policyNamed } from '../retention/policy-set.ts'
import { keysOption } from './options.ts'
import { readDocumentFile } from './read-document.ts'

export interface SetOptions {
  readonly set?: string
  readonly ledger?: string
  readonly keys?: string
}

export function addSetOptions(command: Command): Command {
  return command
    .option('--set <file>', 'a retention set: .yaml, .yml or .json; without, the built-in policies')
    .addOption(new Option('--ledger <place>', 'a ledger, whose set is meant').env('AFFIDAVIT_LEDGER'))
    .addOption(keysOption())
}

/** @throws DocumentFault where it is no retention set; LedgerError as readDocumentFile and placeOf do */
export function readSet({ set, ledger, keys }: SetOptions): PolicySet {
  if (set !== undefined) {
    const { text, format } = readDocumentFile('--set', set)
    return parseRetentionSet(text, format, set)
  }
  return (ledger === undefined ? undefined : readRetention(placeOf(ledger, keys).home)) ?? builtInSet()
}

/** @throws LedgerError `invalid-query` where there is no such policy */
export function policyIn(set: PolicySet, id: string, path: string): RetentionPolicy {
  const policy = policyNamed(set, id)
  if (policy !== undefined) return policy
  throw new LedgerError('invalid-query', {
    problem: `there is no retention policy ${JSON.stringify(id)}`,
    cure: 'affidavit policies lists them; --set FILE or --ledger PLACE adds your own',
    path,
  })
}
