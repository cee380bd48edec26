// A secret that comes with the environment of the process: in a variable, or in a file that a variable names (spec/keys.md
// §5). No message shows any of it.

import { readFileSync } from 'node:fs'

import { fromBase64 } from '../bytes/base64.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { keyUnavailable } from './wrapper-errors.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The text of the secret `name`: the variable of that name, or the file that `NAME_FILE` names, without its last line end.
 * @throws LedgerError `key-unavailable` where neither or both are there, or the file cannot be read
 */
export function secretText(environment: Environment, name: string): string {
  const [text, path] = [environment[name], environment[`${name}_FILE`]]
  if (text !== undefined && path !== undefined) {
    throw keyUnavailable(`${name} and ${name}_FILE are both set`, 'set one of them: it is unclear which one counts')
  }
  if (text !== undefined) return text
  if (path === undefined) throw keyUnavailable(`neither ${name} nor ${name}_FILE is set`, 'set one of them')
  return textOfFile(path, `${name}_FILE`)
}

// Its rights are not looked at: those who mount secrets into containers give them to a user of their own choice.
function textOfFile(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '')
  } catch (cause) {
    throw keyUnavailable(`cannot read the file that ${name} names: ${path}`, 'check path and rights', cause)
  }
}

const MIN_SECRET_BYTES = 32
// Of 32 random bytes less than one in 10¹⁰ fails any of these.
const MIN_VARIETY = 14

/**
 * The bytes of a secret that is base64 of at least 32 random bytes.
 * @throws LedgerError `wrong-key`, also for what was evidently not made by a random generator
 */
export function parseSecret(text: string, name: string): Uint8Array {
  const bytes = fromBase64(text)
  if (bytes === undefined || bytes.length === 0) throw refused(name, 'is no base64')
  if (bytes.length < MIN_SECRET_BYTES) throw refused(name, `has ${bytes.length} bytes; at least 32 are needed`)
  if (bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) throw refused(name, 'is text, not random bytes')
  const steps = bytes.slice(1).map((byte, i) => byte - (bytes[i] ?? 0))
  if (Math.min(new Set(bytes).size, new Set(steps).size) < MIN_VARIETY) throw refused(name, 'is not random')
  return bytes
}

function refused(name: string, problem: string): LedgerError {
  return new LedgerError('wrong-key', {
    problem: `the secret ${name} ${problem}`,
    cure: 'openssl rand -base64 32 makes one',
  })
}
