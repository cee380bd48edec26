// A server attacked by whoever reaches it, by its readers, and by one tenant upon another (SECURITY.md).

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { createApiKey } from '../src/embedded/change-api-keys.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { serve } from '../src/server/serve.ts'
import { answered } from './served.ts'

const BY = { actor_id: 'operator-1', actor_type: 'admin' } as const

async function tenant(folder: string, name: string): Promise<{ readonly home: string; readonly key: string }> {
  const home = join(folder, name)
  await initLedger(home, { origin: `${name}.example/agents` })
  await using ledger = await openFolder(home)
  const { key } = await createApiKey({ ledger, home, by: BY }, { role: 'auditor' })
  return { home, key }
}

describe('of two tenants of a server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-tenants-'))
  after(() => rmSync(folder, { recursive: true }))

  test('one signs in where the keys of the other are damaged, and nobody is told whose or where', async () => {
    const [one, other] = [await tenant(folder, 'one'), await tenant(folder, 'other')]
    const { listening } = await serve({
      places: [{ home: one.home }, { home: other.home }],
      at: { host: '127.0.0.1', port: 0 },
      ...{ bodyLimit: 1_000_000, requestsPerMinute: 1_000, log: () => undefined },
    })
    try {
      const as = (key: string, path: string): Promise<Response> =>
        fetch(`${listening.url}${path}`, { headers: { Authorization: `Bearer ${key}` } })
      writeFileSync(join(one.home, 'api-keys.json'), '{')
      assert.equal((await as(other.key, '/v1/ledgers')).status, 200)
      assert.equal((await as(other.key, '/v1/ledgers/other.example%2Fagents/health')).status, 200)
      const refused = await as(one.key, '/v1/ledgers/one.example%2Fagents/health')
      const problem = await answered(refused)
      assert.deepEqual([refused.status, problem.code], [503, 'key-unavailable'])
      assert.doesNotMatch(JSON.stringify(problem), /affidavit-tenants|example|json/)
      // Whoever names a ledger whose keys are well is told of that one alone.
      const wrong = `affidavit_${'a'.repeat(12)}_${'b'.repeat(43)}`
      assert.equal((await as(wrong, '/v1/ledgers/other.example%2Fagents/health')).status, 401)
    } finally {
      await listening.drain(0)
    }
  })
})
