import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { after, test } from 'node:test'

import { holderOf, recordedBy, serveLedger } from '../../../test/served-ledger.ts'
import { makeArchiveFolder } from '../../embedded/archive-place.ts'
import { writeArchive } from '../../embedded/settings.ts'
import type { Draft } from '../../formats/fields.ts'

const drafts = Array.from(
  { length: 6 },
  (_, i): Draft => ({
    ...{ action: 'data_accessed', actor_id: 'clinic-agent', actor_type: 'agent', conversation_id: `c-${i}` },
    ...{ compliance_domains: ['hipaa'] },
  }),
)
let archive = ''
const served = await serveLedger({
  drafts,
  prepare(home) {
    archive = `${home}-archive`
    makeArchiveFolder(archive)
    writeArchive(home, archive)
  },
})
after(() => served[Symbol.asyncDispose]())
const records = served.as('records')

const lines = (text: string): readonly { readonly [name: string]: unknown }[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

test('what is published is archived, a line for each segment once it is on record, and the end is told', async () => {
  const run = await records('POST archive/runs')
  assert.equal(run.headers.get('content-type'), 'application/x-ndjson')
  const told = lines(run.text)
  assert.deepEqual(told.at(-1), { state: 'done' })
  const count = told.slice(0, -1).reduce((sum, one) => sum + Number(one.records), 0)
  const status = (await records('GET archive')).json()
  assert.deepEqual([status.archived, status.missing], [count, []])
  assert.ok(count > drafts.length)
})

test('what has no lock does not leave the database, and nothing comes back that did not leave', async () => {
  assert.deepEqual(lines((await records('POST archive/removals', { body: { mode: 'trial' } })).text), [
    { state: 'done' },
  ])
  const restored = await records('POST archive/restores', { body: { filter: { conversation_id: 'c-1' }, days: 7 } })
  assert.deepEqual(lines(restored.text), [{ state: 'done' }])
})

test('a restore of everything is asked for by a condition', async () => {
  const { status } = await records('POST archive/restores', { body: { filter: {} } })
  assert.equal(status, 400)
})

test('an archive that is not there is a problem before anything is answered', async () => {
  rmSync(archive, { recursive: true })
  await served.as('writer')('POST records', { body: drafts[0] })
  const run = await records('POST archive/runs')
  assert.deepEqual([run.status, run.json().code], [503, 'archive-unavailable'], run.text)
})

test('what is archived is so in the name of the ledger, and what is asked for is in that of who asked', async () => {
  assert.deepEqual(await recordedBy(served, holderOf('records')), [])
})
