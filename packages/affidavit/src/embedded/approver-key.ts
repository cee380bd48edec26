// The key that a person approves with: its secret, and the line for the access policy (spec/access.md §1).

import { LedgerError } from '../errors/ledger-error.ts'
import { isKeyName } from '../formats/note.ts'
import { formatSignerKey, generateSignerKey, parseSignerKey, type SignerKey } from '../formats/signer-key.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'

export interface ApproverKey {
  /** Public: the person's `approval_key` in the access policy. */
  readonly approval_key: string
  /** For the person alone, in a file that nobody else can read. */
  readonly secret: string
}

/**
 * Makes a new one, of type Ed25519.
 * @param name what the key is called, such as `approver/kim`
 * @throws LedgerError `invalid-query` where no key can have this name
 */
export function makeApproverKey(name: string): ApproverKey {
  if (!isKeyName(name))
    throw refused(
      'name',
      'a key name is not empty, and has no white space, plus or control character',
      'for example approver/kim',
    )
  const key = generateSignerKey(name, 'ed25519')
  return { approval_key: formatVerifierKey(key.verifierKey), secret: formatSignerKey(key) }
}

/** @throws LedgerError `invalid-query`; it does not repeat the text */
export function readApproverKey(secret: string): SignerKey {
  const cure = 'affidavit approver-key makes one'
  const key = parseSignerKey(secret)
  if ('code' in key) throw refused('key', `this is no approver key (${key.code})`, cure)
  const { type } = key.verifierKey
  if (type !== 'ed25519') throw refused('key', `this is a key of type ${type}`, `${cure} of type ed25519`)
  return key
}

function refused(path: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${path}: ${problem}`, cure, path })
}
