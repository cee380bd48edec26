// A wrapper whose versions are files in a folder: what the file and the environment wrapper share. They differ in how a
// file becomes a key.

import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'

import { LedgerError } from '../errors/ledger-error.ts'
import type { KeyWrapper } from '../vault/key-wrapper.ts'
import { expectLedgerName } from './ledger-name.ts'
import { VERSION_BYTES, type VersionKind } from './version-file.ts'
import { versionFolder } from './version-folder.ts'
import { nextVersionName } from './version-name.ts'
import { assertContext, assertWrappable, unwrapKey, wrapKey } from './wrapped-key.ts'
import { doesNotOpen } from './wrapper-errors.ts'

export interface FolderWrapperParts {
  readonly kind: 'file' | 'environment'
  readonly folder: string
  /** The name that the keys are for; it stands in every file. */
  readonly ledger: string
  readonly keeps: VersionKind
  /** The key-encryption key of a version, from what its file keeps. */
  readonly keyOf: (bytes: Uint8Array, version: string) => KeyObject
  /** The end of a sentence about a version, where its key is not the one that the file was made with. */
  readonly otherKey: string
}

export function folderWrapper({ kind, folder, ledger, keeps, keyOf, otherKey }: FolderWrapperParts): KeyWrapper {
  expectLedgerName(ledger)
  const files = versionFolder(folder, keeps, ledger)

  // Read each time: another process may have destroyed it.
  function keyOfVersion(version: string): KeyObject {
    const { bytes, check } = files.read(version)
    const key = keyOf(bytes, version)
    if (timingSafeEqual(Buffer.from(checkOf(key)), Buffer.from(check))) return key
    throw new LedgerError('wrong-key', {
      problem: `key-encryption key ${version} ${otherKey}`,
      cure: 'restore both from the backup of the keys',
    })
  }

  return {
    kind,
    async create() {
      const version = nextVersionName(files.list().map((one) => one.version))
      const bytes = randomBytes(VERSION_BYTES)
      files.add({ ledger, version, bytes, check: checkOf(keyOf(bytes, version)) })
      return version
    },
    versions: async () => files.list(),
    async wrap(version, key, context) {
      assertWrappable(key, context)
      return wrapKey(keyOfVersion(version), key, { ledger, version, context })
    },
    async unwrap(version, wrapped, context) {
      assertContext(context)
      const key = unwrapKey(keyOfVersion(version), wrapped, { ledger, version, context })
      if (key === undefined) throw doesNotOpen(version)
      return key
    },
    async destroy(version) {
      files.destroy(version)
      return 'destroyed'
    },
    close: async () => undefined,
  }
}

function checkOf(key: KeyObject): string {
  return createHmac('sha256', key).update('affidavit key check v1').digest('hex').slice(0, 16)
}
