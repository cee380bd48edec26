// A server is held to one history (spec/client.md §4): named lies, and what a client does about each.

import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, type TestContext, test } from 'node:test'

import type { Alarm } from '../src/clock/alarm.ts'
import { openFolder } from '../src/embedded/open.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { type RemoteWorld, serveHome, startRemoteWorld, stepOf } from './remote-world.ts'

let world: RemoteWorld
let run = 0
let stateFolder = ''
before(async () => {
  world = await startRemoteWorld()
})
beforeEach(() => {
  stateFolder = join(world.folder, `state-${run++}`)
  world.proxy.target = world.port
  world.proxy.rewrite = (_, body) => body
})
after(() => world.close())

interface Fork {
  readonly port: number
  readonly embedded: Ledger
}

/** The same ledger, as it was, with something else behind it. */
async function forkedServer(t: TestContext): Promise<Fork> {
  const copy = join(world.folder, `fork-${run}`)
  cpSync(world.home, copy, { recursive: true })
  const embedded = await openFolder(copy)
  await embedded.append(stepOf('elsewhere', run))
  const server = await serveHome(copy)
  t.after(async () => {
    await server.stop()
    await embedded.close()
  })
  return { port: server.port, embedded }
}

test('a history that goes on is accepted, across processes, and what was seen of it is kept', async () => {
  for (const n of [0, 1, 2]) {
    const ledger = await world.open({ stateFolder })
    await ledger.appendMany([stepOf('on', n), stepOf('on', n + 10)])
    const { size, note } = await ledger.publish()
    assert.equal(size, (await ledger.health()).size)
    assert.match(note, /^clinic\.example\/agents\/[0-9a-f]{16}\n/)
    assert.equal((await ledger.tile({ level: 0, index: 0, width: 1 })).length, 32)
    const checkpoints = []
    for await (const one of ledger.checkpoints()) checkpoints.push(one)
    assert.equal(checkpoints.at(-1)?.size, size)
    await ledger.close()
  }
  assert.deepEqual(readdirSync(stateFolder).length, 1)
})

test('a server that shows another history is refused, at opening and while open, and nothing is written to it any more', async (t) => {
  const fork = await forkedServer(t)
  const ledger = await world.open({ stateFolder })
  await ledger.append(stepOf('here', 0))
  await ledger.publish()
  world.proxy.target = fork.port
  for (const n of [1, 2, 3]) await fork.embedded.append(stepOf('elsewhere', n))
  await fork.embedded.publish()
  await assert.rejects(ledger.publish(), { code: 'forked' })
  await assert.rejects(ledger.append(stepOf('here', 1)), { code: 'forked' })
  await ledger.close()
  await assert.rejects(world.open({ stateFolder }), { code: 'forked' })
})

test('a server that shows fewer entries than were seen is refused', async (t) => {
  const ledger = await world.open({ stateFolder })
  const fork = await forkedServer(t)
  await ledger.appendMany([0, 1, 2, 3].map((n) => stepOf('back', n)))
  await ledger.publish()
  await ledger.close()
  world.proxy.target = fork.port
  await assert.rejects(world.open({ stateFolder }), { code: 'rolled-back', message: /were seen before/ })
})

test('a server that acknowledges what its tree has not is found by its next checkpoint, in the background', async () => {
  const rings: (() => void)[] = []
  const background: Alarm = (_, ring) => {
    rings.push(ring)
    return { stop: () => undefined }
  }
  const ledger = await world.open({ background })
  world.proxy.rewrite = (path, body) =>
    path.endsWith('/records')
      ? Buffer.from(body.toString().replace(/(.*"integrity_hash":")../s, (_, before) => `${before}00`))
      : body
  await ledger.appendMany([0, 1, 2].map((n) => stepOf('lied', n)))
  await world.embedded.publish()
  assert.equal(rings.length, 1)
  rings[0]?.()
  // Behind what was looked at.
  await assert.rejects(ledger.publish(), { code: 'forked', message: /acknowledged a record at seq \d+/ })
  await assert.rejects(ledger.append(stepOf('lied', 1)), { code: 'forked' })
  await ledger.close()
})

test('closing holds what was acknowledged last against a checkpoint', async () => {
  const ledger = await world.open()
  world.proxy.rewrite = (path, body) =>
    path.endsWith('/records')
      ? Buffer.from(body.toString().replace(/"integrity_hash":"../, '"integrity_hash":"00'))
      : body
  await ledger.append(stepOf('lied', 2))
  await assert.rejects(ledger.close(), { code: 'forked' })
})

test('two records that are acknowledged at one place are no acknowledgements', async () => {
  const ledger = await world.open()
  const { seq } = await ledger.append(stepOf('place', 0))
  world.proxy.rewrite = (path, body) =>
    path.endsWith('/records') ? Buffer.from(body.toString().replace(/"seq":\d+/, `"seq":${seq}`)) : body
  await assert.rejects(ledger.append(stepOf('place', 1)), {
    code: 'forked',
    message: new RegExp(`two records at seq ${seq}`),
  })
  await ledger.close()
})

test('an answer that was altered on its way is asked for again, and no other history', async () => {
  const ledger = await world.open({ stateFolder })
  await ledger.append(stepOf('altered', 0))
  let altered = 0
  world.proxy.rewrite = (path, body) => {
    if (!path.includes('/consistency') || altered++ > 0) return body
    return Buffer.from(body.toString().replace(/"proof":\["...../, '"proof":["AAAAA'))
  }
  assert.ok((await ledger.publish()).size > 0)
  assert.equal(altered, 2)
  await ledger.close()
})

test('a checkpoint by another key than the one that was pinned, or seen first, is refused', async () => {
  const other = await startRemoteWorld()
  const vkey = await other.embedded.verifierKey()
  await assert.rejects(world.open({ vkey }), { code: 'wrong-key' })
  await other.close()
  await assert.rejects(world.open({ vkey: 'none' }), { code: 'invalid-query', path: 'vkey' })
})

test('a key that was rotated is followed by a checkpoint that both keys signed, from what was seen as from a pinned key', async () => {
  const vkey = await world.embedded.verifierKey()
  const ledger = await world.open({ stateFolder, vkey })
  await ledger.append(stepOf('rotated', 0))
  await world.embedded.rotateKey()
  await ledger.append(stepOf('rotated', 1))
  await ledger.publish()
  await ledger.append(stepOf('rotated', 2))
  await ledger.publish()
  assert.equal(await ledger.verifierKey(), await world.embedded.verifierKey())
  await ledger.close()
  await (await world.open({ stateFolder })).close()
  await (await world.open({ stateFolder, vkey })).close()
  await (await world.open({ vkey })).close()
})

test('what is remembered of another incarnation, or is no memory, opens nothing', async () => {
  await (await world.open({ stateFolder })).close()
  const [file = ''] = readdirSync(stateFolder)
  const path = join(stateFolder, file)
  assert.ok(existsSync(path))
  const remembered = {
    affidavit_seen: 1,
    verifier_key: 'x',
    note: 'y',
    origin: 'clinic.example/agents/0000000000000000',
  }
  writeFileSync(path, JSON.stringify(remembered))
  await assert.rejects(world.open({ stateFolder }), { code: 'rolled-back', message: /was seen before/ })
  writeFileSync(path, '{}')
  await assert.rejects(world.open({ stateFolder }), { code: 'invalid-query', path: 'stateFolder' })
})

test('processes that share a state folder share what they have seen', async () => {
  const [one, other] = [await world.open({ stateFolder }), await world.open({ stateFolder })]
  const [file = ''] = readdirSync(stateFolder)
  await one.append(stepOf('shared', 0))
  const early = await one.publish()
  const seenEarly = readFileSync(join(stateFolder, file))
  await one.append(stepOf('shared', 1))
  await one.publish()
  // The server shows the other process less than it has shown the first.
  world.proxy.rewrite = (path, body) => (path.endsWith('/checkpoint') ? Buffer.from(early.note) : body)
  await assert.rejects(other.publish(), { code: 'rolled-back' })
  world.proxy.rewrite = (_, body) => body
  assert.notDeepEqual(readFileSync(join(stateFolder, file)), seenEarly)
  await one.close()
  await other.close()
})
