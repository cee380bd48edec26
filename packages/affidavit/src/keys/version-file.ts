// The files of the versions of a key-encryption key: a header line, then one fact a line, so that a wrong file is named and
// not tried (spec/keys.md §2). Pure.

import { fromBase64, toBase64 } from '../bytes/base64.ts'

/** `key`: the key itself. `salt`: what makes the key from a secret that is kept elsewhere. */
export type VersionKind = 'key' | 'salt'

export interface VersionFile {
  readonly ledger: string
  readonly version: string
  /** The key or the salt: 32 bytes. */
  readonly bytes: Uint8Array
  /** Says of a key whether it is the one, and nothing else about it: 16 hex digits. */
  readonly check: string
}

export const VERSION_BYTES = 32
const CHECK = /^[0-9a-f]{16}$/

export function formatVersionFile(kind: VersionKind, { ledger, version, bytes, check }: VersionFile): string {
  return `${header(kind)}\nledger ${ledger}\nversion ${version}\n${kind} ${toBase64(bytes)}\ncheck ${check}\n`
}

/** The file of a version, or what is wrong with it, as the end of a sentence that begins with "it". */
export function parseVersionFile(
  kind: VersionKind,
  text: string,
  expected: { readonly ledger: string; readonly version: string },
): VersionFile | string {
  const [first, ledger, version, secret, check] = text.split('\n')
  if (first !== header(kind)) return `does not begin with "${header(kind)}"`
  if (ledger !== `ledger ${expected.ledger}`) return 'belongs to another ledger'
  if (version !== `version ${expected.version}`) return 'is the file of another version'
  const bytes = fromBase64(secret?.slice(kind.length + 1) ?? '')
  const checked = check?.slice('check '.length) ?? ''
  if (bytes?.length !== VERSION_BYTES || !CHECK.test(checked)) return 'is damaged'
  const file = { ...expected, bytes, check: checked }
  return formatVersionFile(kind, file) === text ? file : 'is damaged'
}

/** What stays where a version was destroyed. It holds nothing of the key. */
export function formatTombstone(ledger: string, version: string): string {
  return `affidavit destroyed key-encryption key v1\nledger ${ledger}\nversion ${version}\n`
}

function header(kind: VersionKind): string {
  return `affidavit key-encryption ${kind} v1`
}
