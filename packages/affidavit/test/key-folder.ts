// The wrappers whose versions are files, as a process and the children that it kills open them.

import { environmentWrapper } from '../src/keys/environment-wrapper.ts'
import { fileWrapper } from '../src/keys/file-wrapper.ts'
import type { KeyWrapper } from '../src/vault/key-wrapper.ts'

const ledger = 'killed.example/agents'
const AFFIDAVIT_KEK = 'n3jr0l0FmZ2uQ8S3FqhDgWb6o9Vf4Kx1TzY5Hc7PiEs='

export function openKeyFolder(kind: string, folder: string): KeyWrapper {
  return kind === 'file'
    ? fileWrapper({ folder, ledger })
    : environmentWrapper({ folder, ledger, environment: { AFFIDAVIT_KEK } })
}
