// Clients of a server (http.ts starts it), lean: connections that stay, bodies that were made before the time is taken.

import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'

import { uuidV7 } from '../packages/affidavit/src/bytes/uuid.ts'
import { createWorkload } from './drafts.ts'

/** What is sent, once. */
export interface Load {
  readonly requests: number
  /** Drafts of a request: one is sent as JSON, several as JSON lines. */
  readonly drafts: number
}

export interface LoadAnswer {
  readonly seconds: number
  /** Of each request, in the order of their ends. */
  readonly millis: readonly number[]
}

const [url = '', token = '', connections = '1'] = process.argv.slice(2)
const workload = createWorkload(100_000)
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections), scheduling: 'fifo' })
let n = 0

process.on('message', async (load: Load) => process.send?.(await send(load)))
process.once('disconnect', () => agent.destroy())
process.send?.('ready')

async function send({ requests, drafts }: Load): Promise<LoadAnswer> {
  const bodies = Array.from({ length: requests }, () => bodyOf(drafts)).values()
  const millis: number[] = []
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: Number(connections) }, async () => {
      for (const body of bodies) {
        const asked = performance.now()
        await post(body, drafts)
        millis.push(performance.now() - asked)
      }
    }),
  )
  return { seconds: (performance.now() - begun) / 1000, millis }
}

function bodyOf(drafts: number): Buffer {
  const lines = Array.from({ length: drafts }, () => JSON.stringify({ id: newId(), ...workload.draft(n++) }))
  return Buffer.from(`${lines.join('\n')}\n`)
}

function newId(): string {
  return uuidV7(Date.now(), crypto.getRandomValues(new Uint8Array(10)))
}

/** @throws Error where not each draft was recorded */
async function post(body: Buffer, drafts: number): Promise<void> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': drafts === 1 ? 'application/json' : 'application/x-ndjson',
    'content-length': body.length,
  }
  const asking = request(`${url}/records`, { agent, method: 'POST', headers })
  asking.end(body)
  const [response]: IncomingMessage[] = await once(asking, 'response')
  let text = ''
  response?.setEncoding('utf8').on('data', (some: string) => {
    text += some
  })
  if (response !== undefined) await once(response, 'end')
  const recorded = text.split('"state":"recorded"').length - 1
  if (recorded !== drafts) throw new Error(`of ${drafts} drafts ${recorded} were recorded: ${text.slice(0, 500)}`)
}
