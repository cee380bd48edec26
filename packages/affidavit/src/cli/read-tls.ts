// The certificate of a server and its key, seen to fit before anything is opened.

import { createSecureContext } from 'node:tls'

import { LedgerError } from '../errors/ledger-error.ts'
import { readInput } from './read-input.ts'

export interface Tls {
  readonly cert: Buffer
  readonly key: Buffer
}

/** @throws LedgerError `invalid-query` where a file is no PEM of its kind, or the key is that of another certificate */
export function readTls(certFile: string, keyFile: string): Tls {
  const cert = Buffer.from(readInput('--tls-cert', certFile))
  const key = Buffer.from(readInput('--tls-key', keyFile))
  expect({ cert }, '--tls-cert', `${certFile} is no certificate`, 'name a PEM file with the certificate and its chain')
  expect({ key }, '--tls-key', `${keyFile} is no key that opens`, 'name a PEM file with the key, without a passphrase')
  expect(
    { cert, key },
    '--tls-key',
    `${keyFile} is not the key of ${certFile}`,
    'name the key that the certificate was made for',
  )
  return { cert, key }
}

function expect(given: Partial<Tls>, path: string, problem: string, cure: string): void {
  try {
    createSecureContext(given)
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('invalid-query', { problem: `${path}: ${problem} (${said})`, cure, path, cause })
  }
}
