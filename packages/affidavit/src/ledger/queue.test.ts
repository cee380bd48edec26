import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LedgerError } from '../errors/ledger-error.ts'
import { samples } from '../testing/sample-drafts.ts'
import { createQueue } from './queue.ts'
import type { Placed, PreparedDraft } from './store.ts'

const { prepare } = samples('queue.example/agents/0123456789abcdef')

interface Commit {
  readonly ids: readonly string[]
  succeed(): void
  fail(error: unknown): void
}

/** Commits that wait until they are told how they end. */
function manualCommits(): {
  commits: Commit[]
  commit: (drafts: readonly PreparedDraft[]) => Promise<readonly Placed[]>
} {
  const commits: Commit[] = []
  let seq = 0
  return {
    commits,
    commit: (drafts) =>
      new Promise((resolve, reject) => {
        const ids = drafts.map(({ id }) => id)
        commits.push({ ids, succeed: () => resolve(drafts.map(() => placed(seq++))), fail: reject })
      }),
  }
}

function idsOf(commits: readonly Commit[]): (readonly string[])[] {
  return commits.map(({ ids }) => ids)
}

function placed(seq: number): Placed {
  return { state: 'recorded', seq, integrity_hash: '', recorded_at: '' }
}

const settled = (): Promise<void> => new Promise(setImmediate)

test('drafts of one turn of the event loop are one batch, in order', async () => {
  const { commits, commit } = manualCommits()
  const queue = createQueue(commit, 100)
  const [first, second] = [Array.from({ length: 3 }, () => prepare()), Array.from({ length: 4 }, () => prepare())]
  const places = first.map((draft) => queue.push(draft))
  await settled()
  places.push(...second.map((draft) => queue.push(draft)))
  await settled()
  assert.deepEqual(
    idsOf(commits),
    [first, second].map((drafts) => drafts.map(({ id }) => id)),
  )
  for (const { succeed } of commits) succeed()
  assert.deepEqual((await Promise.all(places)).map(seqOf), [0, 1, 2, 3, 4, 5, 6])
})

test('many drafts do not wait for the end of the turn: 16 of them go at once', async () => {
  const { commits, commit } = manualCommits()
  const queue = createQueue(commit, 100)
  const places = Array.from({ length: 38 }, () => queue.push(prepare()))
  const sizes = (): number[] => commits.map(({ ids }) => ids.length)
  assert.deepEqual(sizes(), [16, 16])
  await settled()
  assert.deepEqual(sizes(), [16, 16, 6])
  for (const { succeed } of commits) succeed()
  await Promise.all(places)
})

test('who goes on because of one answer is in one batch, however many promises lie between', async () => {
  const { commits, commit } = manualCommits()
  const queue = createQueue(commit, 100)
  const again = [prepare(), prepare(), prepare()]
  const rounds = again.map(async (draft, i) => {
    await queue.push(prepare())
    for (let promises = 0; promises < i; promises++) await Promise.resolve()
    await queue.push(draft)
  })
  await settled()
  commits[0]?.succeed()
  await settled()
  assert.deepEqual(
    commits[1]?.ids,
    again.map(({ id }) => id),
  )
  commits[1]?.succeed()
  await Promise.all(rounds)
})

test('beyond its bound a draft is refused and nothing else is lost; room comes back', async () => {
  const { commits, commit } = manualCommits()
  const queue = createQueue(commit, 3)
  const first = queue.push(prepare())
  await settled()
  const others = [queue.push(prepare()), queue.push(prepare())]
  await settled()
  assert.equal(queue.room(), 0)
  await assert.rejects(queue.push(prepare()), { code: 'queue-full' })
  const room = queue.batchSettled()
  commits[0]?.succeed()
  await first
  await room
  assert.equal(queue.room(), 1)
  commits[1]?.succeed()
  await Promise.all(others)
  assert.equal(queue.room(), 3)
})

test('what the ledger records about itself is taken beyond the bound, behind what came first', async () => {
  const { commits, commit } = manualCommits()
  const queue = createQueue(commit, 1)
  const [draft, own] = [prepare(), prepare()]
  const places = [queue.push(draft), queue.pushOwn(own)]
  await assert.rejects(queue.push(prepare()), { code: 'queue-full' })
  await settled()
  assert.deepEqual(idsOf(commits), [[draft.id, own.id]])
  commits[0]?.succeed()
  await Promise.all(places)
})

test('what the ledger records about itself takes no room from drafts', async () => {
  const { commits, commit } = manualCommits()
  const queue = createQueue(commit, 1)
  const own = queue.pushOwn(prepare())
  await settled()
  assert.equal(queue.room(), 1)
  const draft = queue.push(prepare())
  await settled()
  assert.equal(queue.room(), 0)
  commits[0]?.succeed()
  await own
  assert.equal(queue.room(), 0)
  commits[1]?.succeed()
  await draft
  assert.equal(queue.room(), 1)
})

test('a batch that fails fails for each of its drafts, and the next one is tried', async () => {
  const { commits, commit } = manualCommits()
  const queue = createQueue(commit, 10)
  const [first, second] = [queue.push(prepare()), queue.push(prepare())]
  await settled()
  const later = queue.push(prepare())
  await settled()
  const failure = new LedgerError('not-committed', { problem: 'no room on the disk' })
  commits[0]?.fail(failure)
  await assert.rejects(first, failure)
  await assert.rejects(second, failure)
  commits[1]?.succeed()
  assert.equal(seqOf(await later), 0)
})

test('drained waits for what was pushed before, and for what that made the ledger record', async () => {
  const queue = createQueue(async (drafts) => {
    await settled()
    return drafts.map((_, i) => placed(i))
  }, 10)
  let recorded: string[] = []
  const done = queue.push(prepare()).then(() => queue.pushOwn(prepare()).then(() => (recorded = ['its own'])))
  await queue.drained()
  assert.deepEqual(recorded, ['its own'])
  await done
  await queue.drained()
})

test('a store that answers fewer places than drafts is our bug, and leaves nobody waiting', async () => {
  const queue = createQueue(async () => [], 10)
  await assert.rejects(queue.push(prepare()), /bug/)
})

test('a queue without room for one draft is refused', () => {
  for (const capacity of [0, -1, Number.NaN]) assert.throws(() => createQueue(async () => [], capacity), RangeError)
})

test('every draft is committed once, in the order of the pushes, however they come and whatever fails', async () => {
  const pushes = fc.array(fc.record({ count: fc.integer({ min: 1, max: 40 }), fails: fc.boolean() }), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(pushes, async (bursts) => {
      const committed: string[] = []
      const fates = bursts.map(({ fails }) => fails)
      const queue = createQueue(async (drafts) => {
        await settled()
        if (fates.shift()) throw new Error('this one fails')
        committed.push(...drafts.map(({ id }) => id))
        return drafts.map((_, i) => placed(i))
      }, 1_000)
      const outcomes: { id: string; outcome: Promise<string> }[] = []
      for (const { count } of bursts) {
        for (let i = 0; i < count; i++) {
          const draft = prepare()
          const outcome = queue.push(draft).then(
            () => 'committed',
            () => 'failed',
          )
          outcomes.push({ id: draft.id, outcome })
        }
        await settled()
      }
      await queue.drained()
      const ids: string[] = []
      for (const { id, outcome } of outcomes) if ((await outcome) === 'committed') ids.push(id)
      assert.deepEqual(committed, ids)
    }),
    { numRuns: 60 },
  )
})

function seqOf(placed: Placed): number | undefined {
  return 'seq' in placed ? placed.seq : undefined
}
