// Two servers answer for one ledger in PostgreSQL, with one home: no fork, nothing twice, and each knows the keys of the other.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { localAnchor } from '../src/embedded/anchors.ts'
import { createApiKey } from '../src/embedded/change-api-keys.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { keyOf } from './attacked-ledger.ts'
import { missingForPostgres, startPostgres } from './postgres-server.ts'
import { serveHome } from './remote-world.ts'
import { answered, json, lines, linesOf } from './served.ts'
import { servedDraft } from './served-draft.ts'
import { verifyHome } from './verify-home.ts'

const ORIGIN = 'twice.example/agents'
const DRAFTS = process.env.AFFIDAVIT_SOAK === '1' ? 20_000 : 200

test('what two servers are sent at once is on record once, and told alike; searches and keys hold at both', {
  skip: missingForPostgres() ?? false,
}, async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'affidavit-served-twice-'))
  t.after(() => rmSync(base, { recursive: true, force: true }))
  const home = join(base, 'home')
  const postgres = await startPostgres()
  t.after(() => postgres.stop())
  await initLedger(`${postgres.url(await postgres.database())}?ledger=${ORIGIN}`, { origin: ORIGIN, keys: home })
  const { admin, vkey } = await newAdmin(home)
  const servers = [await serveHome(home), await serveHome(home)]
  const [one = '', other = ''] = servers.map(
    ({ port }) => `http://127.0.0.1:${port}/v1/ledgers/${encodeURIComponent(ORIGIN)}`,
  )
  const as = (token: string, init: RequestInit = {}): RequestInit => {
    const headers = new Headers(init.headers)
    headers.set('Authorization', `Bearer ${token}`)
    return { ...init, headers }
  }
  const writer = await answered(fetch(`${one}/keys`, as(admin, json({ role: 'writer' }))))
  const auditor = await answered(fetch(`${other}/keys`, as(admin, json({ role: 'auditor' }))))

  const drafts = Array.from({ length: DRAFTS }, (_, n) => servedDraft(n, n % 5))
  const body = { ...lines(drafts) }
  const told = await Promise.all(
    [one, other].map(async (at) => linesOf(await fetch(`${at}/records`, as(writer.key, body)))),
  )
  const placesOf = (outcomes: readonly Record<string, unknown>[] = []): readonly unknown[] =>
    outcomes.map(({ id, seq, integrity_hash }) => [id, seq, integrity_hash])
  assert.deepEqual(placesOf(told[0]), placesOf(told[1]))
  assert.deepEqual(
    told[0]?.map(({ state }, n) => [state, told[1]?.[n]?.state].toSorted()),
    drafts.map(() => ['duplicate', 'recorded']),
  )

  const search = 'records?action=tool_invoked&order=ascending&limit=30'
  const first = await answered(fetch(`${one}/${search}`, as(auditor.key)))
  await fetch(`${one}/records`, as(writer.key, json(servedDraft(DRAFTS, 0))))
  const [here, there] = await Promise.all(
    [one, other].map((at) => answered(fetch(`${at}/${search}&as_of=${first.as_of_seq}`, as(auditor.key)))),
  )
  assert.deepEqual([here.records, there.records], [first.records, first.records])
  const ids = first.records.map(({ id }: { id: string }) => id)
  let at = other
  for (let { next } = first; next !== undefined && next !== null; at = at === one ? other : one) {
    const page = await answered(fetch(`${at}/records?cursor=${encodeURIComponent(next)}`, as(auditor.key)))
    ids.push(...page.records.map(({ id }: { id: string }) => id))
    next = page.next
  }
  assert.equal(ids.length, DRAFTS)
  assert.equal(new Set(ids).size, DRAFTS)

  await fetch(`${other}/keys/${writer.id}`, as(admin, { method: 'DELETE' }))
  assert.equal((await fetch(`${one}/records`, as(writer.key, json(servedDraft(1, 0))))).status, 401)
  await Promise.all(servers.map((server) => server.stop()))
  const pins = { trust: { kind: 'pinned', keys: [keyOf(vkey)] } } as const
  const report = await verifyHome(home, { ...pins, anchors: [await localAnchor(home)] })
  assert.deepEqual([report.findings, report.status], [[], 'valid'])
})

async function newAdmin(home: string): Promise<{ readonly admin: string; readonly vkey: string }> {
  await using ledger = await openFolder(home)
  const by = { actor_id: 'operator-1', actor_type: 'admin' } as const
  const { key } = await createApiKey({ ledger, home, by }, { role: 'admin', actor: 'admin-1' })
  return { admin: key, vkey: await ledger.verifierKey() }
}
