// Everything in the folder belongs to the export: what its cover does not account for was added.

import { COVER_FILE, type ExportCover, LISTED_FILES, STATEMENT_FILE } from '../formats/export.ts'
import { parseTilePath, tileWidth } from '../merkle/tile.ts'
import { type FindingList, finding } from './finding.ts'
import type { Folder } from './folder.ts'

/** Finds files, folders and links that are no part of an export of this cover and tree. */
export function findStrays(
  folder: Folder,
  cover: ExportCover | undefined,
  size: number | undefined,
  findings: FindingList,
): void {
  const listed = cover === undefined ? LISTED_FILES : Object.keys(cover.files)
  const files = new Set<string>([COVER_FILE, STATEMENT_FILE, ...listed])
  const isExpected = (path: string, kind: 'file' | 'folder'): boolean => {
    if (!path.startsWith('tile')) return kind === 'file' && files.has(path)
    // Without a size nobody can say which tiles there should be.
    return size === undefined || (kind === 'file' ? isTile(path, size) : isTileFolder(path, size))
  }
  const look = (parent: string): void => {
    for (const item of folder.list(parent)) {
      const path = parent === '' ? item.name : `${parent}/${item.name}`
      if (item.isDirectory() && isExpected(path, 'folder')) look(path)
      else if (!item.isFile() || !isExpected(path, 'file')) findings.add(stray(path, item.isDirectory()))
    }
  }
  look('')
}

function isTile(path: string, size: number): boolean {
  const tile = parseTilePath(path)
  return tile !== undefined && tile.level !== 'entries' && tile.width === tileWidth(tile.level, tile.index, size)
}

// A folder is expected where its first tile is.
function isTileFolder(path: string, size: number): boolean {
  if (path === 'tile') return size > 0
  const partial = path.endsWith('.p')
  const tile = parseTilePath(partial ? path.slice(0, -2) : `${path}/000`)
  if (tile === undefined || tile.level === 'entries') return false
  const width = tileWidth(tile.level, tile.index, size)
  return partial ? width > 0 && width < 256 : width > 0
}

function stray(path: string, isFolder: boolean): ReturnType<typeof finding> {
  const what = path.length > 200 ? `${path.slice(0, 200)}…` : path
  return finding('stray-file', { what }, `${isFolder ? 'this folder' : 'it'} is no part of the export: move it away`)
}
