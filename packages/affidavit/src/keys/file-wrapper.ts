// Key-encryption keys in files, the default: FOLDER, mode 0700, one file of mode 0600 for each version. Simple and honest:
// whoever reads the files opens what they wrapped (spec/keys.md §4).

import { createSecretKey } from 'node:crypto'

import type { KeyWrapper } from '../vault/key-wrapper.ts'
import { folderWrapper } from './folder-wrapper.ts'

/** The folder is made with the first version. */
export function fileWrapper({ folder, ledger }: { readonly folder: string; readonly ledger: string }): KeyWrapper {
  return folderWrapper({
    kind: 'file',
    folder,
    ledger,
    keeps: 'key',
    keyOf: (bytes) => createSecretKey(bytes),
    otherKey: 'is damaged: it fails its own check',
  })
}
