// The folder of a spool: for its owner alone, and as durable as what is in it.

import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { makeFolder } from '../../ledger/make-folder.ts'
import type { SpoolFiles } from './files.ts'

/** Makes it, and the folders above it, where they are missing; one that is there is left as it is. */
export async function makeOwnFolder(folder: string, files: SpoolFiles): Promise<void> {
  const made: string[] = []
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) made.push(path)
  makeFolder(folder, 0o700)
  for (const path of made.reverse()) await files.syncFolder(dirname(path))
}
