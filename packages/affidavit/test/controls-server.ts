// A server of the story's ledger, asked as a control says: by a key of a role, made for that.

import assert from 'node:assert/strict'

import { placeOf } from '../src/embedded/place.ts'
import { serve } from '../src/server/serve.ts'
import type { Ask } from './controls-source.ts'

/** What the roles of keys are called by in the story. */
const ACTORS: Readonly<Record<string, string>> = {
  admin: 'opal',
  auditor: 'kim',
  privacy: 'lee',
  records: 'sam',
  writer: 'clinic-agent',
}

export interface Answered {
  readonly status: number
  readonly body: unknown
}

export interface StoryServer extends AsyncDisposable {
  /** A key of an admin. */
  readonly admin: string
  ask(asked: Ask): Promise<Answered>
  /** With a credential that is none. */
  askAsNobody(path: string): Promise<Answered>
}

/** `known` is a key of an admin, where there is one: else the server’s first key makes it. */
export async function serveStory(folder: string, known?: string): Promise<StoryServer> {
  const { listening, ledgers, firstKeys } = await serve({
    places: [placeOf(folder)],
    at: { host: '127.0.0.1', port: 0 },
    bodyLimit: 2 ** 20,
    requestsPerMinute: 100_000,
    log: () => undefined,
  })
  const below = `${listening.url}/v1/ledgers/${encodeURIComponent(ledgers[0] ?? assert.fail('no ledger'))}`
  const keys = new Map<string, string>()
  const admin = known ?? (await keyOf('admin', firstKeys[0]?.key ?? assert.fail('no first key')))

  async function send(method: string, path: string, key: string, body?: object): Promise<Answered> {
    const headers = {
      Authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    }
    const response = await fetch(`${below}/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: await response.json() }
  }

  async function keyOf(role: string, by: string): Promise<string> {
    const made = await send('POST', 'keys', by, { role, actor: ACTORS[role] })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    return Object(made.body).key
  }

  return {
    admin,
    async ask({ by, request, body }) {
      const key = keys.get(by) ?? (await keyOf(by, admin))
      keys.set(by, key)
      const [method = '', path = ''] = request.split(' ')
      return send(method, path, key, body)
    },
    askAsNobody: (path) => send('GET', path, 'affidavit_nobody'),
    async [Symbol.asyncDispose]() {
      await listening.drain(1_000)
    },
  }
}
