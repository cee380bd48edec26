import { open } from 'node:fs/promises'

/** Makes names of files in a folder durable: that a file is there, was renamed or is gone. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
