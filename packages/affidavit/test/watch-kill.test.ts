// A watcher that is killed at each step of a run: whoever comes next holds the ledger, and what was found is raised.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'

import { initLedger } from '../src/embedded/init.ts'
import { outboxFolder } from '../src/watch/folder.ts'
import { alterEntry, appendTo, NOTE, type Receiver, startReceiver, watchOf } from './watched.ts'

const base = mkdtempSync(join(tmpdir(), 'affidavit-watch-kill-'))
after(() => rmSync(base, { recursive: true, force: true }))

const altered = join(base, 'altered')
await initLedger(altered, { origin: 'watch.example/killed' })
await appendTo(altered, NOTE, NOTE)
alterEntry(altered, 1)

/** Where it is killed, and what a receiver has got by then. */
const PLACES: readonly [place: string, sent: number][] = [
  ['begun', 0],
  ['alert', 0],
  ['run', 0],
  ['delivery', 1],
]

for (const [place, sent] of PLACES) {
  test(`killed at its ${place}, what it found is raised by the next one, and by its number once`, async () => {
    const home = join(base, place)
    cpSync(altered, home, { recursive: true })
    await using receiver = await startReceiver()
    await runAndKill(home, receiver.url, place)
    assert.equal(receiver.received.length, sent)
    const { watch } = watchOf(home, { receiver })
    assert.equal((await watch.runOnce()).report.status, 'tampered')
    assert.deepEqual(told(receiver), ['1 watch.violation'])
    assert.deepEqual(readdirSync(outboxFolder(home)), [])
  })
}

test('killed while a receiver has its alert and has not answered, the next one sends it again, under the same id', async () => {
  const home = join(base, 'sending')
  cpSync(altered, home, { recursive: true })
  await using receiver = await startReceiver()
  receiver.answers(() => 'silence')
  const child = startChild(home, receiver.url, 'nowhere')
  while (receiver.received.length === 0) await new Promise(setImmediate)
  child.kill('SIGKILL')
  await once(child, 'close')
  receiver.answers(() => 200)
  await watchOf(home, { receiver }).watch.runOnce()
  assert.equal(receiver.received.length, 2)
  assert.equal(new Set(receiver.received.map(({ id, text }) => `${id} ${text}`)).size, 1)
})

function told({ received }: Receiver): readonly string[] {
  return [...new Set(received.map(({ number, type }) => `${number} ${type}`))]
}

function startChild(home: string, url: string, place: string): ReturnType<typeof spawn> {
  const script = join(import.meta.dirname, 'watch-child.ts')
  return spawn(process.execPath, [...process.execArgv, script, home, url, place], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function runAndKill(home: string, url: string, place: string): Promise<void> {
  const child = startChild(home, url, place)
  const ended = once(child, 'close')
  assert.ok(child.stdout !== null)
  for await (const line of createInterface({ input: child.stdout })) {
    assert.equal(line, JSON.stringify(place))
    child.kill('SIGKILL')
  }
  assert.deepEqual(await ended, [null, 'SIGKILL'])
}
