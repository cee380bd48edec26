// A server over a real ledger, with a key for every role; asked over HTTP as anybody would.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ApiRole } from '../src/access/api-roles.ts'
import { createApiKey, type KeyTerms } from '../src/embedded/change-api-keys.ts'
import { initLedger } from '../src/embedded/init.ts'
import { type OpenOptions, openFolder } from '../src/embedded/open.ts'
import { type Serve, type Serving, serve } from '../src/server/serve.ts'

export const NAME = 'clinic.example/agents'

export interface ServedClinic extends AsyncDisposable {
  readonly url: string
  /** Of the ledger: `…/v1/ledgers/NAME`. */
  readonly at: string
  readonly home: string
  readonly serving: Serving
  /** Lines of the operator's log. */
  readonly log: readonly string[]
  key(role: ApiRole, terms?: Omit<KeyTerms, 'role'>): Promise<string>
  /** Asks in the name of a role. */
  ask(role: ApiRole | undefined, path: string, init?: RequestInit): Promise<Response>
  /** Drafts, one by one. */
  append(...drafts: readonly object[]): Promise<readonly Record<string, unknown>[]>
  /** Everything on record, read beside the server. */
  records(): Promise<readonly Record<string, unknown>[]>
}

export function aDraft(n: number, more: object = {}): Record<string, unknown> {
  const id = `01985f3a-0000-7000-8000-${String(n).padStart(12, '0')}`
  return { id, action: 'tool_invoked', actor_id: 'clinic', actor_type: 'agent', conversation_id: 'visit-1', ...more }
}

export async function serveClinic(options: Partial<Serve> & { readonly home?: string } = {}): Promise<ServedClinic> {
  const { home = join(mkdtempSync(join(tmpdir(), 'affidavit-served-')), 'ledger'), ...given } = options
  if (options.home === undefined) await initLedger(home, { origin: NAME })
  const log: string[] = []
  const keys = new Map<ApiRole, string>()
  // A server that somebody can sign in to, as an operator would begin one.
  await makeKey(home, 'admin').then((made) => keys.set('admin', made))
  const serving = await serve({
    places: [{ home }],
    at: { host: '127.0.0.1', port: 0 },
    bodyLimit: 1_000_000,
    requestsPerMinute: 100_000,
    log: (line) => log.push(line),
    ...given,
  })
  const { url } = serving.listening
  const at = `${url}/v1/ledgers/${encodeURIComponent(NAME)}`

  async function keyOf(role: ApiRole): Promise<string> {
    const known = keys.get(role) ?? (await makeKey(home, role, { actor: `${role}-1` }))
    keys.set(role, known)
    return known
  }

  async function ask(role: ApiRole | undefined, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (role !== undefined) headers.set('Authorization', `Bearer ${await keyOf(role)}`)
    return fetch(path.startsWith('/') ? `${url}${path}` : `${at}/${path}`, { ...init, headers })
  }

  return {
    url,
    at,
    home,
    serving,
    log,
    key: (role, terms = {}) => makeKey(home, role, terms),
    ask,
    async append(...drafts) {
      const answers: Record<string, unknown>[] = []
      for (const draft of drafts) answers.push(await answered(ask('writer', 'records', json(draft))))
      return answers
    },
    async records() {
      await using ledger = await openFolder(home)
      const records: Record<string, unknown>[] = []
      for await (const record of ledger.search()) records.push({ ...record })
      return records
    },
    async [Symbol.asyncDispose]() {
      await serving.listening.drain(0)
      if (options.home === undefined) rmSync(join(home, '..'), { recursive: true, force: true })
    },
  }
}

async function makeKey(home: string, role: ApiRole, terms: Omit<KeyTerms, 'role'> = {}): Promise<string> {
  const options: OpenOptions = { publish: { everyMillis: 60_000 } } as OpenOptions
  const ledger = await openFolder(home, options)
  try {
    const { key } = await createApiKey(
      { ledger, home, by: { actor_id: 'operator-1', actor_type: 'admin' } },
      { role, ...terms },
    )
    return key
  } finally {
    await ledger.close()
  }
}

/** A JSON body. */
export function json(body: unknown, method = 'POST'): RequestInit {
  return { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }
}

export function lines(drafts: readonly unknown[]): RequestInit {
  const body = drafts.map((draft) => `${typeof draft === 'string' ? draft : JSON.stringify(draft)}\n`).join('')
  return { method: 'POST', body, headers: { 'Content-Type': 'application/x-ndjson' } }
}

export async function linesOf(response: Response): Promise<readonly Record<string, unknown>[]> {
  return (await response.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** The members of a JSON answer. */
// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for each test to say
export async function answered(response: Response | Promise<Response>): Promise<any> {
  return (await response).json()
}
