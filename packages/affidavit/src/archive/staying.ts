// What of a segment was not destroyed, as the rows tell.

import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import { isStub, parseStub } from '../formats/stub.ts'
import type { Archival } from '../ledger/archival.ts'
import { readPages } from '../ledger/read.ts'

export interface StayingRow {
  readonly seq: number
  readonly leaf: Hash
  /** The segment that its stub names; absent where the entry stands. */
  readonly lies?: string
}

export async function stayingRows(
  { rows, ledger }: Pick<Archival, 'rows' | 'ledger'>,
  { runs }: Pick<ArchivedSegment, 'runs'>,
): Promise<readonly StayingRow[]> {
  const staying: StayingRow[] = []
  for (const { first, last } of runs) {
    for await (const { seq, entry, nodes } of readPages(rows, ledger, { from_seq: first, until_seq: last + 1 })) {
      const parsed = isStub(entry) ? parseStub(entry) : undefined
      const mark = parsed !== undefined && 'stub' in parsed ? parsed.stub.mark : undefined
      if (mark?.state === 'disposed') continue
      const leaf = nodes.slice(0, HASH_BYTES)
      staying.push(mark === undefined ? { seq, leaf } : { seq, leaf, lies: mark.segment })
    }
  }
  return staying
}
