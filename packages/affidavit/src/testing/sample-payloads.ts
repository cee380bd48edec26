// Payloads for the contract suites, as sealing makes them.

import type { DraftPayload, PreparedDraft, SealedPayload } from '../ledger/store.ts'
import { SAMPLE_TIME } from './sample-drafts.ts'

/** A payload made so many milliseconds after the sample time. */
export function payload(after: number, more: Partial<SealedPayload> = {}): SealedPayload {
  const time = (SAMPLE_TIME + after).toString(16).padStart(12, '0')
  return {
    blob_id: time + String(after).padStart(20, '0'),
    body_digest: String(after).padStart(64, 'd'),
    content_key: Uint8Array.from({ length: 79 }, (_, i) => (i + after) % 256),
    sealed: Uint8Array.from({ length: 2_000 }, (_, i) => (i * 7 + after) % 256),
    ...more,
  }
}

/** The draft with these payloads, which its entry names: a store may read that from either. */
export function withPayloads(draft: PreparedDraft, payloads: readonly DraftPayload[]): PreparedDraft {
  const [first, ...rest] = draft.pieces
  const at = first.includes('"conversation_id"') ? first.indexOf('"conversation_id"') : first.length
  const content = `"content":${JSON.stringify(payloads.map(({ blob_id }) => ({ blob_id })))},`
  return { ...draft, pieces: [first.slice(0, at) + content + first.slice(at), ...rest], payloads }
}
