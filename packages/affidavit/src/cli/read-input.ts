// Small files that the command line names.

import { closeSync, openSync, readSync } from 'node:fs'

import { LedgerError } from '../errors/ledger-error.ts'

/** More than any key, entry, proof, checkpoint, plan or catalogue takes. */
const MAX_INPUT_BYTES = 2_097_152
const PIECE_BYTES = 65_536

const WRONG_PATH: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'])

/**
 * A whole file, or what a pipe gives; never more than such a file can hold.
 * @throws LedgerError `invalid-query` where there is no such file, or it is too long; `store-unavailable`
 */
export function readInput(option: string, path: string, limit: number = MAX_INPUT_BYTES): Uint8Array {
  try {
    const fd = openSync(path, 'r')
    try {
      return readWhole(fd, limit) ?? tooLong(option, path)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    throw cause instanceof LedgerError ? cause : unreadable(option, path, cause)
  }
}

function readWhole(fd: number, limit: number): Uint8Array | undefined {
  const pieces: Uint8Array[] = []
  for (let bytes = 0; bytes <= limit; ) {
    const piece = new Uint8Array(PIECE_BYTES)
    const read = readSync(fd, piece)
    if (read === 0) return Buffer.concat(pieces)
    pieces.push(piece.subarray(0, read))
    bytes += read
  }
  return undefined
}

function tooLong(option: string, path: string): never {
  throw new LedgerError('invalid-query', {
    problem: `${option}: ${path} is longer than such a file can be`,
    cure: 'check which file was meant',
    path: option,
  })
}

function unreadable(option: string, path: string, cause: unknown): LedgerError {
  const wrongPath = cause instanceof Error && 'code' in cause && WRONG_PATH.has(cause.code)
  return new LedgerError(wrongPath ? 'invalid-query' : 'store-unavailable', {
    problem: `${option}: cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    cure: wrongPath ? 'name a file that is there' : 'check the rights on the file and the disk it is on',
    path: option,
    cause,
  })
}
