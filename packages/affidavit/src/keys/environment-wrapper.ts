// Key-encryption keys from a secret of the environment: a version is a random salt in a folder, and opens only together
// with the secret, which is kept elsewhere (spec/keys.md §5).

import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

import type { KeyWrapper } from '../vault/key-wrapper.ts'
import { type Environment, parseSecret, secretText } from './environment-secret.ts'
import { folderWrapper } from './folder-wrapper.ts'

const SECRET = 'AFFIDAVIT_KEK'

export interface EnvironmentWrapperOptions {
  readonly folder: string
  readonly ledger: string
  /** With `AFFIDAVIT_KEK` or `AFFIDAVIT_KEK_FILE`, which is read once: `process.env`. */
  readonly environment: Environment
}

/** @throws LedgerError `key-unavailable` for a secret that is missing, `wrong-key` for one that is too weak */
export function environmentWrapper({ folder, ledger, environment }: EnvironmentWrapperOptions): KeyWrapper {
  const secret = createSecretKey(parseSecret(secretText(environment, SECRET), SECRET))
  return folderWrapper({
    kind: 'environment',
    folder,
    ledger,
    keeps: 'salt',
    keyOf: (salt, version) => derive(secret, salt, `affidavit environment key v1\n${ledger}\n${version}`),
    otherKey: `was made with another ${SECRET}, or its file is damaged`,
  })
}

function derive(secret: KeyObject, salt: Uint8Array, info: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, salt, info, 32)))
}
