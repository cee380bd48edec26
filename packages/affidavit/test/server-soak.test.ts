// A server under load by 64 connections that are cut and send again: seconds in the gate; with AFFIDAVIT_SOAK=1 ten minutes, or MINUTES,
// and the memory of the server stays what it was after the first.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setInterval as every } from 'node:timers/promises'

import { createApiKey } from '../src/embedded/change-api-keys.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { loadWithRetries } from './retrying-load.ts'
import { runDone } from './run-cli.ts'
import { startServe } from './serve-command.ts'
import { NAME } from './served.ts'

const SOAK = process.env.AFFIDAVIT_SOAK === '1'
const LOAD_MILLIS = SOAK ? Number(process.env.MINUTES ?? 10) * 60_000 : 3_000
const CONNECTIONS = 64
const SETTLED_MILLIS = 60_000
const SAMPLE_MILLIS = 2_000
/** What the heap may end at, of what it was after the first minute: more than a garbage collection leaves by chance. */
const GROWTH = 1.3

const LEDGER = join(mkdtempSync(join(tmpdir(), 'affidavit-server-soak-')), 'ledger')

test('under load by connections that are cut, nothing is lost, nothing doubled, and the ledger verifies', async (t) => {
  t.after(() => rmSync(join(LEDGER, '..'), { recursive: true, force: true }))
  const token = await newLedger()
  const { child, url } = await startServe(LEDGER, '--requests-per-minute', '1000000000')
  t.after(() => child.kill('SIGKILL'))
  const begun = performance.now()
  const elapsed = (): number => performance.now() - begun
  const watched = new AbortController()
  const memory = SOAK ? heapWhile(url, elapsed, watched.signal) : undefined
  const at = `${url}/v1/ledgers/${encodeURIComponent(NAME)}`
  const isOver = (): boolean => elapsed() > LOAD_MILLIS
  const told = await loadWithRetries({ at, token, connections: CONNECTIONS, isOver })
  watched.abort()
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])

  const places: number[] = []
  await using ledger = await openFolder(LEDGER)
  for await (const { seq, details } of ledger.search({ action: 'tool_invoked' })) {
    const n = Number(Object(details).n)
    assert.equal(places[n], undefined, `draft ${n} is on record twice`)
    places[n] = seq
  }
  assert.ok(told.length >= CONNECTIONS)
  assert.deepEqual(places, told)
  await runDone(['verify', '--ledger', LEDGER])
  if (memory !== undefined) expectFlat(t, await memory)
})

async function newLedger(): Promise<string> {
  await initLedger(LEDGER, { origin: NAME })
  await using ledger = await openFolder(LEDGER)
  const by = { actor_id: 'operator-1', actor_type: 'admin' } as const
  return (await createApiKey({ ledger, home: LEDGER, by }, { role: 'writer' })).key
}

interface Sample {
  readonly millis: number
  readonly heap: number
  readonly resident: number
}

/** What monitoring is told of the server's memory, until the signal. */
async function heapWhile(url: string, elapsed: () => number, signal: AbortSignal): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  try {
    for await (const _ of every(SAMPLE_MILLIS, undefined, { signal })) {
      const text = await (await fetch(`${url}/metrics`)).text()
      const gauge = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
      const [heap, resident] = [gauge('nodejs_heap_size_used_bytes'), gauge('process_resident_memory_bytes')]
      samples.push({ millis: elapsed(), heap, resident })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return samples
}

/** The least of a stretch is what garbage collection left of it. */
function expectFlat(t: { diagnostic(line: string): void }, samples: readonly Sample[]): void {
  const settled = samples.filter(({ millis }) => millis > SETTLED_MILLIS)
  const stretch = Math.floor(settled.length / 3)
  assert.ok(stretch >= 10, `${LOAD_MILLIS} ms are too few to see memory settle: MINUTES=3 at least`)
  const leastOf = (some: readonly Sample[], what: 'heap' | 'resident'): number =>
    Math.min(...some.map((sample) => sample[what]))
  for (const what of ['heap', 'resident'] as const) {
    const [early, late] = [leastOf(settled.slice(0, stretch), what), leastOf(settled.slice(-stretch), what)]
    t.diagnostic(`${what}: ${early} bytes after a minute, ${late} at the end`)
    assert.ok(late < early * GROWTH, `${what} grew from ${early} to ${late} bytes`)
  }
}
