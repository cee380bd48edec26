// The newest records of a ledger on a server, and with --follow each new one (spec/http.md §7).

import type { RemoteLedger } from '../../client/remote-ledger.ts'
import type { AuditRecord } from '../../formats/fields.ts'
import type { Reader } from '../../ledger/reader.ts'
import { isTailed } from '../../query/tail.ts'

interface Asked {
  readonly lines: number
  readonly follow?: boolean
}

/** @throws LedgerError what the server says */
export async function tailOnServer(
  remote: RemoteLedger,
  reader: Reader,
  { lines, follow }: Asked,
  print: (record: AuditRecord) => void,
): Promise<void> {
  const reading = remote.as(reader)
  const { size } = await remote.health()
  const newest: AuditRecord[] = []
  const found = reading.search({ until_seq: size }, { order: 'descending' })
  while (newest.length < lines) {
    const next = await found.next()
    if (next.done === true) break
    if (isTailed(next.value)) newest.push(next.value)
  }
  for (const record of newest.reverse()) print(record)
  if (follow !== true) return
  const interrupted = new AbortController()
  const interrupt = (): void => interrupted.abort()
  process.once('SIGINT', interrupt)
  try {
    await reading.follow(size, print, interrupted.signal)
  } finally {
    process.off('SIGINT', interrupt)
  }
}
