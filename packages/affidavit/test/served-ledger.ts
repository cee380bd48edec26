// A clinic's ledger behind a real server, and requests to it with API keys of every role: for tests of the server.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { API_ROLE_NAMES, type ApiRole } from '../src/access/api-roles.ts'
import type { Clock } from '../src/clock/clock.ts'
import { approve } from '../src/embedded/approve.ts'
import { makeApproverKey } from '../src/embedded/approver-key.ts'
import { createApiKey, type KeyTerms } from '../src/embedded/change-api-keys.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { placeOf } from '../src/embedded/place.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { serve } from '../src/server/serve.ts'
import { QUIET } from './erasure-clinic.ts'

const NAME = 'clinic.example/agents'

const kim = makeApproverKey('approver/kim')
const ACCESS = {
  affidavit_access: 1,
  revision: '1',
  people: { kim: { roles: ['records_approver', 'erasure_approver'], approval_key: kim.approval_key } },
}

export interface Asking {
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is, instead. */
  readonly text?: string
  readonly headers?: { readonly [name: string]: string }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Of its text. */
  json(): { readonly [name: string]: unknown }
}

/** Sends requests with one key. */
export type Ask = (request: string, asking?: Asking) => Promise<Answer>

export interface ServedLedger extends AsyncDisposable {
  readonly home: string
  readonly url: string
  /** Of the ledger's own routes. */
  readonly base: string
  /** Of the other ledger. */
  readonly besideKeys: Readonly<Record<ApiRole, string>> | undefined
  readonly keys: Readonly<Record<ApiRole, string>>
  /** Requests are `METHOD path`, below the ledger; a path that begins with `/` is taken as it is. */
  as(role: ApiRole): Ask
  with(key: string | undefined): Ask
  makeKey(terms: KeyTerms): Promise<string>
  /** Kim's signed note. */
  approved(paper: Uint8Array): string
  /** The ledger, opened beside the server. */
  open(): Promise<Ledger>
}

interface Serving {
  readonly clock?: Clock
  readonly drafts?: readonly Draft[]
  /** Another ledger that the same server answers for. */
  readonly beside?: string
  /** Does what an operator does in its home before it is opened. */
  readonly prepare?: (home: string) => void
}

interface Home {
  readonly home: string
  readonly keys: Readonly<Record<ApiRole, string>>
  open(): Promise<Ledger>
}

async function makeHome(home: string, origin: string, { clock, drafts = [], prepare }: Serving): Promise<Home> {
  await initLedger(home, { origin })
  writeFileSync(join(home, 'access.json'), JSON.stringify(ACCESS))
  prepare?.(home)
  const open = (): Promise<Ledger> => openFolder(home, { publish: QUIET, ...(clock === undefined ? {} : { clock }) })
  await using ledger = await open()
  for (const draft of drafts) await ledger.append(draft)
  const made: [ApiRole, string][] = []
  for (const role of API_ROLE_NAMES) {
    const { key } = await createApiKey({ ledger, home, by: { actor_id: 'ops' } }, { role, actor: holderOf(role) })
    made.push([role, key])
  }
  return { home, keys: Object.fromEntries(made) as Record<ApiRole, string>, open }
}

export async function serveLedger(serving: Serving = {}): Promise<ServedLedger> {
  const { clock, beside } = serving
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-served-'))
  const { home, keys, open } = await makeHome(join(folder, 'home'), NAME, serving)
  const other = beside === undefined ? undefined : await makeHome(join(folder, 'beside'), beside, {})
  const { listening } = await serve({
    ...{ places: [home, ...(other === undefined ? [] : [other.home])].map((one) => placeOf(one)) },
    ...{ at: { host: '127.0.0.1', port: 0 }, log: () => undefined },
    ...{ bodyLimit: 2 ** 26, requestsPerMinute: 100_000, ...(clock === undefined ? {} : { clock }) },
  })
  const { url } = listening
  const base = `${url}/v1/ledgers/${encodeURIComponent(NAME)}`
  const asking =
    (key: string | undefined): Ask =>
    (request, options) =>
      ask({ url, base, key }, request, options)
  return {
    ...{ home, url, base, keys, besideKeys: other?.keys, open },
    with: asking,
    as: (role) => asking(keys[role]),
    async makeKey(terms) {
      await using ledger = await open()
      return (await createApiKey({ ledger, home, by: { actor_id: 'ops' } }, terms)).key
    },
    approved: (paper) => approve(paper, { person: 'kim', key: kim.secret, at: (clock ?? Date).now() }),
    async [Symbol.asyncDispose]() {
      assert.equal(await listening.drain(5_000), 0, 'nobody was cut off')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface To {
  readonly url: string
  readonly base: string
  readonly key: string | undefined
}

async function ask(
  { url, base, key }: To,
  request: string,
  { body, text: sent, headers }: Asking = {},
): Promise<Answer> {
  const [method = '', path = ''] = request.split(' ')
  const answer = await fetch(path.startsWith('/') ? url + path : `${base}/${path}`, {
    method,
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(sent === undefined ? {} : { body: sent }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) }
}

export interface Recorded {
  readonly seq: number
  readonly action: string
  readonly outcome: unknown
  readonly details: { readonly [name: string]: unknown }
}

/** What stands on record as done by somebody. */
export async function recordedBy({ open }: Pick<ServedLedger, 'open'>, actor_id: string): Promise<readonly Recorded[]> {
  await using ledger = await open()
  const found: Recorded[] = []
  for await (const { seq, action, outcome, details = {} } of ledger.search({ actor_id }))
    found.push({ seq, action, outcome, details })
  return found
}

/** Of the key of a role. */
export function holderOf(role: ApiRole): string {
  return `the ${role}`
}
