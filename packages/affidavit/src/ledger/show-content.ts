// Content as JSON has it: text where it is that, else base64.

import { toBase64 } from '../bytes/base64.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { wholeBody } from './open-content.ts'
import type { Revealed, RevealedRecord } from './reading.ts'

interface Named {
  readonly name: string
  readonly media_type: string
}

export type OpenedContent = Named &
  (
    | { readonly state: 'unavailable' }
    | { readonly state: 'text'; readonly text: string }
    | { readonly state: 'bytes'; readonly base64: string; readonly plain_size: number }
  )

export interface OpenedRecord {
  readonly record: AuditRecord
  readonly contents: readonly OpenedContent[]
}

/** @throws LedgerError `store-corrupt` where a body is not what was sealed */
export async function showContents({ record, contents }: RevealedRecord): Promise<OpenedRecord> {
  const opened: OpenedContent[] = []
  for (const content of contents) opened.push(await showContent(content))
  return { record, contents: opened }
}

async function showContent(content: Revealed): Promise<OpenedContent> {
  const { name, media_type } = content
  if (content.state === 'unavailable') return { name, media_type, state: 'unavailable' }
  const body = await wholeBody(content.body)
  const text = decodeUtf8(body)
  if (text !== undefined) return { name, media_type, state: 'text', text }
  return { name, media_type, state: 'bytes', base64: toBase64(body), plain_size: body.length }
}
