// The end of a checkpoint log that is no whole record (spec/checkpoint.md §6): what a crash leaves is the start of one.

/** What the records of a checkpoint are made of, as a ledger keeps it. */
export interface RecordParts {
  readonly note: string
  /** Lines that came later: each is released with the note. */
  readonly cosignatures: readonly string[]
}

/** Whether the end of a checkpoint log is the start of a record of one of these checkpoints. */
export function isStartOfRecord(torn: Uint8Array, checkpoints: Iterable<RecordParts>): boolean {
  const start = withoutZeros(torn)
  for (const { note, cosignatures } of checkpoints) {
    const records = [`${note}\n`, ...cosignatures.map((line) => `${note}${line}\n\n`)]
    if (records.some((record) => Buffer.from(record).subarray(0, start.length).equals(start))) return true
  }
  return false
}

/** The origin that the end of a checkpoint log begins with, as far as it is there, and its size where that is whole. */
export function tornHead(torn: Uint8Array): { readonly origin: string; readonly size?: number } {
  const [origin = '', size = '', ...more] = withoutZeros(torn).toString('utf8').split('\n')
  return { origin, ...(more.length > 0 && /^\d{1,15}$/.test(size) ? { size: Number(size) } : {}) }
}

// Bytes as Latin-1: a record may be cut within a character.
const ORIGIN = /^[\x20-\x7e\x80-\xff]{0,255}$/
const SIGNATURE = /^\xe2\x80\x94 [\x21-\x7e\x80-\xff]+ [A-Za-z0-9+/]+={0,2}$/
const SIGNATURE_START = /^(\xe2?|\xe2\x80|\xe2\x80\x94|\xe2\x80\x94 [\x21-\x7e\x80-\xff]*( [A-Za-z0-9+/]*={0,2})?)$/

/** Whether bytes have the shape of the start of a record, whosever it is. */
export function isRecordStart(torn: Uint8Array): boolean {
  const lines = withoutZeros(torn).toString('latin1').split('\n')
  const last = lines.length - 1
  return lines.every((line, i) => {
    if (i === 0) return ORIGIN.test(line) && (i === last || line !== '')
    if (i === 1) return (i === last ? /^\d{0,16}$/ : /^\d{1,16}$/).test(line)
    if (i === 2) return (i === last ? /^[A-Za-z0-9+/]{0,43}=?$/ : /^[A-Za-z0-9+/]{43}=$/).test(line)
    if (i === 3) return line === ''
    return i === last ? SIGNATURE_START.test(line) : SIGNATURE.test(line)
  })
}

// A file that was growing when the power went can end in zeros.
function withoutZeros(torn: Uint8Array): Buffer {
  let end = torn.length
  while (end > 0 && torn[end - 1] === 0) end--
  return Buffer.from(torn.buffer, torn.byteOffset, end)
}
