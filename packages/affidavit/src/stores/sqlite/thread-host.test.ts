import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

import type { Batch, LedgerStore } from '../../ledger/store.ts'
import { startThread, type Thread } from './thread-host.ts'

const BATCH: Batch = { ledger: 'x', drafts: [], at: 0, patienceMillis: 0 }

/** A thread that answers `head` with how often it was asked, and dies of `commit` and `nodes`. */
const script = `
  import { parentPort } from 'node:worker_threads'
  parentPort.on('message', ({ port }) => {
    let asked = 0
    port.on('message', ({ call, method }) => {
      if (method === 'commit' || method === 'nodes') throw new Error('the thread dies')
      port.postMessage({ call, value: method === 'head' ? ++asked : undefined })
    })
  })`

function mortal(role: 'writer' | 'reader'): Thread<LedgerStore> {
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`)
  return startThread<LedgerStore>({ path: 'ledger.db', role, mode: 'open' }, url)
}

test('a write that was under way when its thread died may be there: the outcome is unknown', async () => {
  const thread = mortal('writer')
  await assert.rejects(thread.call('commit', [BATCH]), { code: 'outcome-unknown' })
  await thread.stop()
})

test('a read that was under way when its thread died failed, and nothing else', async () => {
  const thread = mortal('reader')
  await assert.rejects(thread.call('nodes', ['x', []]), { code: 'store-unavailable' })
  await thread.stop()
})

test('the next call gets a new thread, which the end of the old one does not touch', async () => {
  const thread = mortal('writer')
  assert.equal(await thread.call('head', ['x']), 1)
  await assert.rejects(thread.call('commit', [BATCH]), { code: 'outcome-unknown' })
  // At once: the old thread has told its error, and has not exited yet.
  assert.equal(await thread.call('head', ['x']), 1)
  assert.equal(await thread.call('head', ['x']), 2)
  await thread.stop()
})

test('a thread that is at work for others is told when who was answered has nothing to add', async () => {
  // Answers the write once it was told that the look-up was heard, and nothing followed.
  const patient = `
    import { parentPort } from 'node:worker_threads'
    let held
    parentPort.on('message', ({ port }) => port.on('message', ({ call, method, heard }) => {
      if (method === 'commit') held = call
      else if (method === 'head') port.postMessage({ call, value: undefined })
      else if (method === undefined && heard === 1) port.postMessage({ call: held, value: [] })
    }))`
  const url = new URL(`data:text/javascript,${encodeURIComponent(patient)}`)
  const thread = startThread<LedgerStore>({ path: 'ledger.db', role: 'writer', mode: 'open' }, url)
  const written = thread.call('commit', [BATCH])
  await thread.call('head', ['x'])
  assert.deepEqual(await written, [])
})

test('a thread that takes the place of one that died has told nothing yet', async () => {
  // Answers how many answers the caller says to have heard, and dies of `commit`.
  const echo = `
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ port }) => port.on('message', ({ call, method, heard }) => {
      if (method === 'commit') throw new Error('the thread dies')
      port.postMessage({ call, value: heard })
    }))`
  const url = new URL(`data:text/javascript,${encodeURIComponent(echo)}`)
  const thread = startThread<LedgerStore>({ path: 'ledger.db', role: 'writer', mode: 'open' }, url)
  assert.equal(await thread.call('head', ['x']), 0)
  assert.equal(await thread.call('head', ['x']), 1)
  await assert.rejects(thread.call('commit', [BATCH]))
  assert.equal(await thread.call('head', ['x']), 0)
  await thread.stop()
})

test('a call that could not cross keeps no process alive', async () => {
  const program = `
    import { startThread } from ${JSON.stringify(new URL('./thread-host.ts', import.meta.url))}
    const thread = startThread({ path: 'ledger.db', role: 'reader', mode: 'open' }, new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(script)}`)}))
    await thread.call('head', [() => 'x']).catch(({ name }) => console.log(name))`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=affidavit-source', '--input-type=module', '--eval', program],
    { timeout: 60_000 },
  )
  assert.equal(stdout, 'DataCloneError\n')
})

test('what cannot cross to another thread is refused, and what follows is answered', async () => {
  const thread = mortal('reader')
  const filter = JSON.parse('{}', () => ({ id: () => 'x' }))
  await assert.rejects(thread.call('entries', ['x', filter, { limit: 1, order: 'ascending' }]), {
    name: 'DataCloneError',
  })
  assert.equal(await thread.call('head', ['x']), 1)
  await thread.stop()
})

test('a thread whose task is over takes another one, and knows nothing of the one before', async () => {
  const script = `
    import { parentPort, threadId } from 'node:worker_threads'
    parentPort.on('message', ({ port, task }) => port.on('message', ({ call }) => port.postMessage({ call, value: [threadId, task.path] })))`
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`)
  const asked: unknown[] = []
  for (const path of ['one.db', 'two.db']) {
    const thread = startThread<LedgerStore>({ path, role: 'reader', mode: 'open' }, url)
    asked.push(await thread.call('head', ['x']))
    await thread.stop()
    await assert.rejects(thread.call('head', ['x']), { code: 'ledger-closed' })
  }
  const [first, second] = asked.map((answer) => Array.from(Object(answer)))
  assert.deepEqual([first?.[1], second?.[1]], ['one.db', 'two.db'])
  assert.equal(first?.[0], second?.[0])
})

test('a stopped thread takes nothing more, and one that never started stops at once', async () => {
  const thread = mortal('writer')
  await thread.stop()
  await thread.stop()
  await assert.rejects(thread.call('head', ['x']), { code: 'ledger-closed' })
})

test('a thread that is stuck keeps nobody from stopping it, and no process alive', async () => {
  // Answers `head`, and nothing else ever again.
  const stuck = `
    import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ port }) => port.on('message', ({ call, method }) => {
      if (method === 'head') port.postMessage({ call, value: 1 })
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    }))`
  const program = `
    import { startThread } from ${JSON.stringify(new URL('./thread-host.ts', import.meta.url))}
    const thread = startThread({ path: 'keyring.db', role: 'keyring', mode: 'open' }, new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(stuck)}`)}))
    await thread.call('head', [])
    const call = thread.call('find', [1, []]).catch(({ code }) => code)
    await thread.stop(20)
    console.log(await call)`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=affidavit-source', '--input-type=module', '--eval', program],
    { timeout: 60_000 },
  )
  assert.equal(stdout, 'store-unavailable\n')
})
