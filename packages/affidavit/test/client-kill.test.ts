// A server that is killed again and again while clients write to it: what they were told is on record once, nothing is on record twice.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'

import type { Appended } from '../src/ledger/ledger.ts'
import { startRemoteWorld, stepOf } from './remote-world.ts'
import { BIN } from './run-cli.ts'

const KILLS = process.env.AFFIDAVIT_SOAK === '1' ? 40 : 2
const CLIENTS = 3
/** Acknowledgements between two kills. */
const BETWEEN = 60

async function startServer(home: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, [BIN, 'serve', '--ledger', home, '--listen', '127.0.0.1:0', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  for await (const line of createInterface(child.stdout))
    return { child, port: Number(new URL(JSON.parse(line).url).port) }
  throw new Error('the server ended before it answered')
}

test('a server that is killed while clients write loses nothing that it acknowledged, and doubles nothing', async (t) => {
  const world = await startRemoteWorld()
  t.after(() => world.close())
  let server = await startServer(world.home)
  t.after(() => server.child.kill('SIGKILL'))
  world.proxy.target = server.port
  const told: { readonly n: number; readonly appended: Appended }[] = []
  let state: 'on' | 'enough' = 'on'
  let n = 0
  let heard = (): void => undefined

  async function write(client: number): Promise<void> {
    const ledger = await world.open()
    const lane = async (conversation: number): Promise<void> => {
      while (state === 'on') {
        const mine = n++
        told.push({ n: mine, appended: await ledger.append(stepOf(`killed-${client}-${conversation}`, mine)) })
        heard()
      }
    }
    await Promise.all([0, 1, 2, 3].map(lane))
    await ledger.close()
  }

  const writing = Promise.all(Array.from({ length: CLIENTS }, (_, client) => write(client)))
  for (let kill = 0; kill < KILLS; kill++) {
    const enough = told.length + BETWEEN
    await new Promise<void>((resolve) => {
      heard = () => (told.length >= enough ? resolve() : undefined)
    })
    server.child.kill('SIGKILL')
    await once(server.child, 'exit')
    server = await startServer(world.home)
    world.proxy.target = server.port
  }
  const more = told.length + BETWEEN
  await new Promise<void>((resolve) => {
    heard = () => (told.length >= more ? resolve() : undefined)
  })
  state = 'enough'
  await writing

  const records = await world.records()
  const numbers = records.map(({ details }) => details?.n)
  assert.equal(new Set(numbers).size, numbers.length)
  for (const { n, appended } of told) {
    const record = records.find(({ id }) => id === appended.id)
    assert.deepEqual(
      [record?.seq, record?.integrity_hash, record?.details?.n],
      [appended.seq, appended.integrity_hash, n],
    )
  }
  for (const conversation of new Set(records.map(({ conversation_id }) => conversation_id))) {
    const inOrder = records
      .filter((one) => one.conversation_id === conversation)
      .map(({ details }) => Number(details?.n))
    assert.deepEqual(
      inOrder,
      inOrder.toSorted((a, b) => a - b),
    )
  }
})
