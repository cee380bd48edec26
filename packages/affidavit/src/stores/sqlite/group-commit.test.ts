import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Batch, Placed } from '../../ledger/store.ts'
import { samples } from '../../testing/sample-drafts.ts'
import { createGroups, type Group } from './group-commit.ts'

const ONE = 'group.example/one/0123456789abcdef'
const OTHER = 'group.example/other/0123456789abcdef'

/** Batches of so many drafts. */
function batches(sizes: readonly number[], ledger: string = ONE): Batch[] {
  const { prepare, batch } = samples(ledger)
  return sizes.map((size) => batch(Array.from({ length: size }, () => prepare())))
}

const placesOf = (batch: Batch): Placed[] =>
  batch.drafts.map((_, seq) => ({ state: 'recorded', seq, integrity_hash: '', recorded_at: '' }))

/** Commits that write each batch and succeed; says which sizes were written together. */
function commits(): { sizes: number[][]; commit: (group: Group) => Promise<Placed[][]> } {
  const sizes: number[][] = []
  return {
    sizes,
    commit: async (group) => {
      const written: number[] = []
      sizes.push(written)
      return group.map((batch) => {
        written.push(batch.drafts.length)
        return placesOf(batch)
      })
    },
  }
}

test('batches that wait, and those that come while the transaction is written, are one group, in order', async () => {
  const late = batches([5, 6])
  const answers: Promise<unknown>[] = []
  const groups = createGroups(() => {
    const next = late.shift()
    if (next !== undefined) answers.push(groups.add(next))
  })
  const { sizes, commit } = commits()
  for (const batch of batches([1, 2, 3])) answers.push(groups.add(batch))
  await groups.settleNext(commit)
  assert.deepEqual(sizes, [[1, 2, 3, 5, 6]])
  assert.deepEqual(
    (await Promise.all(answers)).map((placed) => Array.isArray(placed) && placed.length),
    [1, 2, 3, 5, 6],
  )
  await groups.settleNext(commit)
  assert.equal(sizes.length, 1, 'a call whose batch was settled with an earlier one does nothing')
})

test('from 512 drafts on no batch joins: other writers have their turn', async () => {
  const groups = createGroups(() => undefined)
  const { sizes, commit } = commits()
  const answers = batches([300, 211, 1, 300, 1]).map((batch) => groups.add(batch))
  await groups.settleNext(commit)
  await groups.settleNext(commit)
  await Promise.all(answers)
  assert.deepEqual(sizes, [
    [300, 211, 1],
    [300, 1],
  ])
})

test('from 128 KiB of sealed bytes on no batch joins: they are written while the next ones are sealed', async () => {
  const groups = createGroups(() => undefined)
  const { sizes, commit } = commits()
  const payload = { state: 'sealed', blob_id: '', body_digest: '', content_key: new Uint8Array(1) } as const
  const kept = { state: 'kept', blob_id: '', body_digest: '' } as const
  const answers = batches([2, 1, 3, 1]).map((batch, i) => {
    const payloads = i === 3 ? [kept] : [{ ...payload, sealed: new Uint8Array(32_768) }]
    return groups.add({ ...batch, drafts: batch.drafts.map((draft) => ({ ...draft, payloads })) })
  })
  await groups.settleNext(commit)
  await groups.settleNext(commit)
  await Promise.all(answers)
  assert.deepEqual(sizes, [[2, 1, 3], [1]])
})

test('a batch of another ledger does not join', async () => {
  const groups = createGroups(() => undefined)
  const { sizes, commit } = commits()
  const answers = [...batches([1, 2]), ...batches([3], OTHER), ...batches([4])].map((batch) => groups.add(batch))
  for (let calls = 0; calls < 4; calls++) await groups.settleNext(commit)
  await Promise.all(answers)
  assert.deepEqual(sizes, [[1, 2], [3], [4]])
})

test('a group that fails fails for each of its batches, and the next group is tried', async () => {
  const groups = createGroups(() => undefined)
  const failure = new Error('no room on the disk')
  const failed = batches([1, 2]).map((batch) => groups.add(batch))
  const rejections = failed.map((answer) => assert.rejects(answer, failure))
  await groups.settleNext(async (group) => {
    group.map(placesOf)
    throw failure
  })
  await Promise.all(rejections)
  const { commit } = commits()
  const later = batches([3]).map((batch) => groups.add(batch))
  await groups.settleNext(commit)
  assert.equal((await Promise.all(later))[0]?.length, 3)
})

test('a lock that is not to be had costs the first batch its turn, and no other', async () => {
  const groups = createGroups(() => undefined)
  const failure = new Error('other writers held the ledger')
  const [first, second] = batches([1, 2]).map((batch) => groups.add(batch))
  const rejection = assert.rejects(first ?? Promise.resolve(), failure)
  await groups.settleNext(() => Promise.reject(failure))
  await rejection
  await groups.settleNext(commits().commit)
  assert.equal((await second)?.length, 2)
})

test('after an unknown outcome the same batches are written again, from the first on', async () => {
  const late = batches([7])
  const groups = createGroups(() => {
    const next = late.shift()
    if (next !== undefined) void groups.add(next)
  })
  for (const batch of batches([1, 2])) void groups.add(batch)
  const runs: number[][] = []
  await groups.settleNext(async (group) => {
    runs.push(group.map(({ drafts }) => drafts.length))
    return group.map((batch, i) => {
      runs[1] = [...(runs[1] ?? []), i]
      return placesOf(batch)
    })
  })
  assert.deepEqual(runs, [
    [1, 2, 7],
    [0, 1, 2],
  ])
})
