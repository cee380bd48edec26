// A body of 30 MB in a real ledger is verified and opened without being kept.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { contentOpener } from '../src/embedded/check-content.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { openKeyringToRead } from '../src/embedded/read-keyring.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import type { ContentOpener, SealedContents } from '../src/verify/content.ts'
import { makeKeyedLedger } from './keyed-entries.ts'
import { retained } from './retained.ts'

const BODY_BYTES = 30_000_000
const LIMIT = 8_000_000

const home = mkdtempSync(join(tmpdir(), 'affidavit-content-memory-'))
after(() => rmSync(home, { recursive: true, force: true }))

/** The same content; what is kept is looked at on the way. */
function watched(contents: SealedContents, look: () => void): SealedContents {
  return {
    ...contents,
    async *stored(reference) {
      let pieces = 0
      for await (const piece of contents.stored(reference)) {
        yield piece
        pieces++
        if (pieces % 50 === 0) look()
      }
    },
  }
}

test('30 MB are read and opened without being kept', async () => {
  const folder = join(home, 'ledger')
  const ledger = await makeKeyedLedger(folder)
  await ledger.commit([{ contents: [await ledger.seal('scan', new Uint8Array(BODY_BYTES).fill(7))] }])
  await ledger.keyring.close()
  const opener = contentOpener((origin) => openKeyringToRead(folder, origin))
  let [before, most, looks] = [0, 0, 0]
  const openContent: ContentOpener = {
    open(contents) {
      before = retained()
      return opener.open(
        watched(contents, () => {
          looks++
          most = Math.max(most, retained() - before)
        }),
      )
    },
  }
  const trust = { kind: 'first use' } as const
  const { axes } = await verifySqlite(databaseFile(folder), { trust, anchors: [], threads: 0, openContent })
  assert.match(axes.content.says, /^intact: 1 payload, 3\d{7} bytes read; 1 opened and equal to its commitment$/)
  assert.ok(looks > 5)
  assert.ok(most < LIMIT, `${most} bytes kept`)
})
