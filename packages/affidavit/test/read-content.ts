import type { AuditRecord } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'

/** One content of a record, opened on record as everybody's is. */
export async function readContent(ledger: Ledger, record: AuditRecord | undefined, name: string): Promise<string> {
  const reading = ledger.as({ actor_id: 'auditor' })
  const [revealed] = await reading.reveal({ record: record?.id ?? '' }, { reason: 'a test looks' })
  const content = revealed?.contents.find((one) => one.name === name)
  if (content?.state !== 'opened') throw new Error(`no content ${name}`)
  const chunks: Uint8Array[] = []
  for await (const chunk of content.body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
