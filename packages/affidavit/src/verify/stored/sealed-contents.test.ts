import assert from 'node:assert/strict'
import { test } from 'node:test'

import { memoryLedgers } from '../../../test/memory-store.ts'
import { SAMPLE_ORIGIN } from '../../../test/sample-log.ts'
import { CONTENT_ALGORITHM, type ContentReference } from '../../formats/fields.ts'
import { NO_LOG } from './no-log.ts'
import { contentOfStretch, sealedContents } from './sealed-contents.ts'
import type { StoredChunk, StoredLog } from './stored-log.ts'

const ledgers = memoryLedgers({ origin: SAMPLE_ORIGIN, rows: [], checkpoints: [] })
const REFERENCE: ContentReference = {
  name: 'message',
  media_type: 'text/plain',
  blob_id: 'ab'.repeat(16),
  key_id: '00'.repeat(32),
  plain_size: 0,
  sealed_size: 3,
  ciphertext_sha256: '00'.repeat(32),
  algorithm: CONTENT_ALGORITHM,
  commitment: '00'.repeat(32),
  subject_ids: [],
}

async function piecesOf(answers: readonly StoredChunk[]): Promise<Uint8Array[]> {
  const log: StoredLog = {
    ...NO_LOG,
    async *chunks() {
      yield* answers
    },
  }
  const source = contentOfStretch({ ledgers, listed: [], origin: SAMPLE_ORIGIN, no: 1, log, size: 0 }, 0)
  const pieces: Uint8Array[] = []
  for await (const piece of sealedContents(source).stored(REFERENCE)) pieces.push(piece)
  return pieces
}

test('no piece is handed out behind a chunk that is not there or cannot be read', async () => {
  const [first, later] = [Uint8Array.of(1), Uint8Array.of(2)]
  assert.deepEqual(await piecesOf([first, later]), [first, later])
  assert.deepEqual(await piecesOf([first, 'absent', later]), [first])
  assert.deepEqual(await piecesOf([first, { unreadable: 'torn' }, later]), [first])
})
