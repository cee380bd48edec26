// Why somebody reads stands on record as it was said (spec/http.md §2).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { serveClinic } from './served.ts'

/** As curl sends it: the bytes of UTF-8. */
function header(text: string): string {
  return Buffer.from(text).toString('latin1')
}

test('a purpose beyond ASCII stands on record as it was said, and bytes that are no text are refused', async () => {
  await using clinic = await serveClinic()
  const purpose = 'Prüfung № 7'
  const answer = await clinic.ask('reader', 'records', { headers: { 'Affidavit-Purpose': header(purpose) } })
  assert.equal(answer.status, 200)
  const read = (await clinic.records()).filter(({ action }) => action === 'records_viewed')
  assert.equal(read.at(-1)?.purpose, purpose)
  const refused = await clinic.ask('reader', 'records', { headers: { 'Affidavit-Purpose': '\u00ff' } })
  assert.equal(refused.status, 400)
  assert.equal(((await refused.json()) as { code: string }).code, 'invalid-request')
})
