// Making folders. Node's own recursive mkdir never returns where a parent is there and the system still answers ENOENT to
// making something in it, as /proc does.

import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes `path` and the folders above it that are missing, readable as `mode` says; a folder that is there is left alone.
 * @throws the error of the file system
 */
export function makeFolder(path: string, mode: number): void {
  const place = resolve(path)
  const missing = [place]
  for (let above = dirname(place); !isThere(above); above = dirname(above)) missing.push(above)
  for (const folder of missing.reverse()) makeOne(folder, mode)
}

// The root is always there.
function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

// Another process may make the same folder meanwhile.
function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
