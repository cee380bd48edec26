// A small file, written anew: the old one or the new one is there, whatever happens, and the new one is durable.

import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

import { syncFolder } from '../ledger/sync-folder.ts'

/** @throws the error of the file system */
export async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.next`
  const file = await open(next, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
  await syncFolder(dirname(path))
}
