// Load of a server by connections that are cut now and then, and send again what they have no answer to, with the same ids.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'

import { aDraft } from './served.ts'

export interface Load {
  /** Of the ledger. */
  readonly at: string
  readonly token: string
  readonly connections: number
  /** Each connection sends at least once, and begins nothing when this says so. */
  isOver(): boolean
}

/** Drafts of a request, in turn. */
const SIZES = [1, 20, 1, 50, 3]
/** One request in so many is cut; what went wrong so often in a row stays wrong. */
const CUT_EVERY = 13
const TRIES = 40

type Cut = 'once it is sent' | 'once an answer begins' | 'never'

/** The places that the server told, by the number of each draft. */
export async function loadWithRetries({ at, token, connections, isOver }: Load): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const told: number[] = []
  let [drafts, requests] = [0, 0]

  async function connection(): Promise<void> {
    do {
      const turn = requests++
      const from = drafts
      drafts += SIZES[turn % SIZES.length] ?? 1
      await untilTold(from, drafts, cutOf(turn))
    } while (!isOver())
  }

  async function untilTold(from: number, until: number, cut: Cut): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const seqs = await send(from, until, tries === 0 ? cut : 'never')
      if (seqs === undefined) continue
      for (const [i, seq] of seqs.entries()) told[from + i] = seq
      return
    }
    assert.fail(`drafts ${from} to ${until} have no answer`)
  }

  /** Nothing where no answer came. */
  async function send(from: number, until: number, cut: Cut): Promise<readonly number[] | undefined> {
    const bodies = Array.from({ length: until - from }, (_, i) => bodyOf(from + i))
    const type = bodies.length === 1 ? 'application/json' : 'application/x-ndjson'
    const headers = { authorization: `Bearer ${token}`, 'content-type': type }
    const asking = request(`${at}/records`, { agent, method: 'POST', headers })
    const heard = answerTo(asking, cut)
    asking.end(bodies.join('\n'))
    const text = await heard
    const outcomes = text
      ?.split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
    if (outcomes === undefined || outcomes.length < bodies.length) return undefined
    return outcomes.map(({ id, seq }, i) => {
      assert.equal(id, idOf(from + i), text)
      return seq
    })
  }

  await Promise.all(Array.from({ length: connections }, connection))
  agent.destroy()
  return told
}

async function answerTo(asking: ClientRequest, cut: Cut): Promise<string | undefined> {
  if (cut === 'once it is sent') asking.once('finish', () => asking.destroy())
  try {
    const [response]: IncomingMessage[] = await once(asking, 'response')
    if (response === undefined || cut === 'once an answer begins') return void asking.destroy()
    let text = ''
    for await (const some of response.setEncoding('utf8')) text += some
    assert.ok(response.statusCode === 200 || response.statusCode === 201, text)
    return text
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ECONNRESET', 'EPIPE'].includes(String(error.code)))
      return undefined
    throw error
  }
}

function cutOf(turn: number): Cut {
  if (turn % CUT_EVERY !== 0) return 'never'
  return turn % 2 === 0 ? 'once it is sent' : 'once an answer begins'
}

function idOf(n: number): unknown {
  return aDraft(n).id
}

function bodyOf(n: number): string {
  return JSON.stringify(aDraft(n, { conversation_id: `visit-${n % 1000}`, details: { n } }))
}
