import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { fixedClock } from './fixed-clock.ts'
import { listedKeys } from './listed-keys.ts'
import { Killed, type MemoryObjects, memoryObjectStore } from './memory-object-store.ts'
import { type ObjectFault, objectFaults } from './object-faults.ts'
import { objectStoreContract } from './object-store-contract.ts'

for (const lock of ['compliance', 'none'] as const) {
  objectStoreContract(`memory, lock ${lock}`, async () => {
    const [objects, clock]: [MemoryObjects, ReturnType<typeof fixedClock>] = [new Map(), fixedClock()]
    const proof = lock === 'none' ? { lock, because: 'the test said so' } : undefined
    return {
      open: () => memoryObjectStore(objects, clock, objectFaults(), proof),
      proof: lock,
      locks: lock === 'compliance',
      now: clock.now,
      pass: clock.pass,
      cleanup: async () => undefined,
    }
  })
}

describe('a fault of a memory store', () => {
  const clock = fixedClock()
  const until = clock.now() + 1_000
  const put: readonly [fault: ObjectFault, answer: string, kept: string | undefined, isLocked: boolean][] = [
    ['down', 'archive-unavailable', undefined, false],
    ['done-but-reported-failed', 'archive-unavailable', 'abc', true],
    ['lied', 'kept', undefined, false],
    ['other-bytes', 'kept', 'acc', true],
    ['lock-refused', 'lock-refused', 'abc', false],
    ['lock-lied', 'kept', 'abc', false],
    ['killed-before', 'Killed', undefined, false],
    ['killed-after', 'Killed', 'abc', true],
  ]
  for (const [fault, answer, kept, isLocked] of put) {
    test(`${fault}: the next put alone is broken in that way`, async () => {
      const [objects, faults]: [MemoryObjects, ReturnType<typeof objectFaults>] = [new Map(), objectFaults()]
      faults.break('put', undefined, fault)
      const store = memoryObjectStore(objects, clock, faults)
      await store.put('whole', Buffer.from('x'))
      const told = await store.put('broken', Buffer.from('abc'), until).then(
        () => 'kept',
        (error) => error.code ?? error.name,
      )
      const found = objects.get('broken')
      assert.deepEqual(
        [told, found && Buffer.from(found.bytes).toString(), found?.locked_until === until],
        [answer, kept, isLocked],
      )
      const next = store.put('next', Buffer.from('x'))
      if (fault.startsWith('killed')) await assert.rejects(next, Killed)
      else await next
    })
  }

  test('an operation that is held does nothing until it is let go', async () => {
    const [objects, faults]: [MemoryObjects, ReturnType<typeof objectFaults>] = [new Map(), objectFaults()]
    const store = memoryObjectStore(objects, clock, faults)
    const held = faults.hold('put')
    const put = store.put('a', Buffer.from('x'))
    await held.begun
    assert.equal(objects.size, 0)
    held.letGo()
    await put
    assert.equal(objects.size, 1)
    assert.deepEqual(faults.asked, ['put a'])
  })

  test('reading lies where it was told to: other bytes, or nothing there', async () => {
    const faults = objectFaults()
    const store = memoryObjectStore(new Map(), clock, faults)
    await store.put('a', Buffer.from('abc'))
    faults.break('get', 'other-bytes', 'lied')
    faults.break('stat', 'lied')
    faults.break('list', 'lied')
    assert.deepEqual(
      [await store.get('a'), await store.get('a'), await store.stat('a'), await listedKeys(store)],
      [Uint8Array.from(Buffer.from('acc')), undefined, undefined, []],
    )
  })
})
