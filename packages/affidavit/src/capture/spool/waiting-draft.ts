// A draft as it waits, in bytes (spec/spool.md §3): its metadata as JSON, then its bodies. Pure.

import { concatBytes } from '../../bytes/compare.ts'
import { decodeUtf8, utf8 } from '../../bytes/text.ts'
import type { Spoolable, SpoolableDraft } from '../../ledger/spoolable.ts'

const VERSION = 1
const LENGTH_BYTES = 4

interface Written {
  readonly v: number
  readonly draft: Omit<SpoolableDraft, 'content'>
  readonly content?: readonly ContentWords[]
  readonly changed: boolean
}

type ContentWords = Omit<NonNullable<SpoolableDraft['content']>[number], 'body'> & { readonly size: number }

export function encodeWaiting({ draft: { content, ...draft }, changed }: Spoolable): Uint8Array {
  const words = content?.map(({ body, ...named }) => ({ ...named, size: body.length }))
  const written: Written = { v: VERSION, draft, ...(words && { content: words }), changed }
  const json = utf8(JSON.stringify(written))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(json.length)
  return concatBytes(length, json, ...(content ?? []).map(({ body }) => body))
}

/**
 * Reads bytes that opened as a draft: this code, or a later version of it, wrote them.
 * `undefined` where it was another version.
 */
export function decodeWaiting(plain: Uint8Array): Spoolable | undefined {
  const view = Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength)
  let at = LENGTH_BYTES + view.readUInt32BE(0)
  const written: Written = JSON.parse(decodeUtf8(view.subarray(LENGTH_BYTES, at)) ?? '{}')
  if (written.v !== VERSION) return undefined
  const { draft, content, changed } = written
  if (content === undefined) return { draft, changed }
  const bodies = content.map(({ size, ...named }) => {
    const body = view.subarray(at, at + size)
    at += size
    return { ...named, body }
  })
  return { draft: { ...draft, content: bodies }, changed }
}
