// Drafts that the ledger refused, each in a file of its own (spec/spool.md §3): people can read why, the ledger alone what.

import { join } from 'node:path'

import { concatBytes } from '../../bytes/compare.ts'
import { parseDecimal } from '../../bytes/decimal.ts'
import { utf8 } from '../../bytes/text.ts'
import { ERROR_CODES, type ErrorCode, type LedgerError } from '../../errors/ledger-error.ts'
import type { Spoolable } from '../../ledger/spoolable.ts'
import type { Spooling } from '../../ledger/spooling.ts'
import { type SpoolFiles, writeWhole } from './files.ts'
import { refusedName } from './segments.ts'
import { decodeWaiting, encodeWaiting } from './waiting-draft.ts'

/** What anybody can read of it. */
export interface Refused {
  readonly number: number
  /** Of the draft. */
  readonly id: string
  readonly code: ErrorCode
  readonly problem: string
}

/** Durable when it resolves; the same draft again takes the same file. Resolves with its size. */
export async function writeRefused(
  { folder, files, spooling, spool }: RefusedParts,
  number: number,
  waited: Spoolable,
  { code, problem }: LedgerError,
): Promise<number> {
  const { ledger } = spooling
  const header = utf8(headerText({ ledger, spool, number, id: waited.draft.id, code, problem }))
  const bytes = concatBytes(header, spooling.seal(encodeWaiting(waited), header))
  const path = join(folder, refusedName(number))
  const file = await files.create(`${path}.tmp`)
  try {
    await writeWhole(file, bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await files.rename(`${path}.tmp`, path)
  await files.syncFolder(folder)
  return bytes.length
}

interface RefusedParts {
  readonly folder: string
  readonly files: SpoolFiles
  readonly spooling: Spooling
  readonly spool: string
}

interface Header extends Refused {
  readonly ledger: string
  readonly spool: string
}

function headerText({ ledger, spool, number, id, code, problem }: Header): string {
  const lines = ['affidavit refused draft v1', `ledger ${ledger}`, `spool ${spool}`, `number ${number}`]
  return `${[...lines, `id ${id}`, `code ${code}`, `problem ${JSON.stringify(problem)}`].join('\n')}\n\n`
}

/** Messages are short. */
const MAX_HEADER_BYTES = 16_384
const HEADER =
  /^affidavit refused draft v1\nledger [^\n]+\nspool [0-9a-f]{32}\nnumber (\d{1,15})\nid ([0-9a-f-]{36})\ncode ([a-z-]+)\nproblem ("[^\n]*")\n\n/

/** What a refused draft's file says to people; `undefined` where it is damaged, or of a newer version. */
export function readRefused(bytes: Uint8Array): Refused | undefined {
  return readHeader(bytes)?.refused
}

/** The draft itself; `undefined` where it cannot be read. */
export function openRefused(bytes: Uint8Array, spooling: Spooling): Spoolable | undefined {
  const read = readHeader(bytes)
  if (read === undefined) return undefined
  const plain = spooling.open(bytes.subarray(read.size), bytes.subarray(0, read.size))
  return plain && decodeWaiting(plain)
}

function readHeader(bytes: Uint8Array): { readonly refused: Refused; readonly size: number } | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEADER_BYTES)).toString('utf8')
  const [whole, number = '', id = '', code = '', problem = ''] = HEADER.exec(text) ?? []
  if (whole === undefined || !isCode(code)) return undefined
  const refused = { number: parseDecimal(number) ?? 0, id, code, problem: textOf(problem) }
  return { refused, size: Buffer.byteLength(whole) }
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}

// It is authenticated only with the draft: for people it is shown as it stands.
function textOf(json: string): string {
  try {
    return String(JSON.parse(json))
  } catch {
    return json
  }
}
