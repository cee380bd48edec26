import assert from 'node:assert/strict'
import { test } from 'node:test'

import { heartbeatKey, logKey, noteOf, pinnedTo, rotationEntry, startEntry } from '../../test/signing.ts'
import type { SignerKey } from '../formats/signer-key.ts'
import type { KeyEntry } from './entries.ts'
import { createNoteReader, type HeldCheckpoint, namedKeys, type Trust, walkTrust } from './trust.ts'

const ORIGIN = 'clinic.example/agents/0123456789abcdef'
const [first, second, third, mallory] = [logKey(ORIGIN), logKey(ORIGIN), logKey(ORIGIN), logKey(ORIGIN)]
const heartbeat = heartbeatKey(ORIGIN)
const entries = Array.from({ length: 20 }, (_, i) => Buffer.from(`entry ${i}`))
const start = startEntry(first, heartbeat)
const FIRST_USE: Trust = { kind: 'first use' }

/** Sizes that count of a log whose checkpoints were signed so, and the keys that were trusted on the way. */
function walk(
  signed: readonly (readonly [size: number, ...signers: SignerKey[]])[],
  trust: Trust,
  announced: readonly KeyEntry[],
): { counted: number[]; by: string[]; trusted: string[] } {
  const named = namedKeys([start, ...announced])
  const stranger = pinnedTo(first, second, third, mallory)
  const read = createNoteReader(ORIGIN, stranger, named)
  const held = signed.map(([size, ...signers]): HeldCheckpoint => {
    const opened = read(noteOf(ORIGIN, entries.slice(0, size), signers), 'a note')
    if ('found' in opened) throw new Error(opened.found.problem)
    return opened.held
  })
  const { counted, trusted } = walkTrust(ORIGIN, held, trust, named)
  return {
    counted: counted.map(({ size }) => size),
    by: counted.map(({ by }) => nameOf(by.keyId)),
    trusted: trusted.map(({ keyId }) => nameOf(keyId)),
  }
}

function nameOf(keyId: string): string {
  const names = new Map(
    [first, second, third, mallory].map((key, i) => [
      key.verifierKey.keyId,
      ['first', 'second', 'third', 'mallory'][i],
    ]),
  )
  return names.get(keyId) ?? keyId
}

const rotated = [rotationEntry(4, first, second), rotationEntry(9, second, third)]
const twoRotations = [
  [3, first],
  [5, first, second],
  [8, second],
  [10, second, third],
  [12, third],
] as const

test('a pinned first key reaches the third one through two checkpoints that both keys signed', () => {
  assert.deepEqual(walk(twoRotations, pinnedTo(first), rotated), {
    counted: [3, 5, 8, 10, 12],
    by: ['first', 'first', 'second', 'second', 'third'],
    trusted: ['first', 'second', 'third'],
  })
})

test('a pinned second key counts from its first signature on, and reaches the third', () => {
  const { counted, by } = walk(twoRotations, pinnedTo(second), rotated)
  assert.deepEqual({ counted, by }, { counted: [5, 8, 10, 12], by: ['second', 'second', 'second', 'third'] })
})

test('a pinned newest key counts from its first signature on', () => {
  assert.deepEqual(walk(twoRotations, pinnedTo(third), rotated).counted, [10, 12])
})

test('first use takes the key that entry 0 names, and follows it', () => {
  assert.deepEqual(walk(twoRotations, FIRST_USE, rotated).counted, [3, 5, 8, 10, 12])
  const nothingNamed = walkTrust(ORIGIN, [], FIRST_USE, namedKeys([]))
  assert.deepEqual(nothingNamed, { counted: [], trusted: [], force: [] })
})

test('nothing counts under a key that signed nothing', () => {
  assert.deepEqual(walk(twoRotations, pinnedTo(mallory), rotated), { counted: [], by: [], trusted: ['mallory'] })
})

test('a new key that is announced, but that the old one never signed with, does not count', () => {
  const announced = [rotationEntry(4, first, mallory)]
  assert.deepEqual(
    walk(
      [
        [3, first],
        [6, mallory],
      ],
      pinnedTo(first),
      announced,
    ).counted,
    [3],
  )
})

test('a checkpoint by both keys without an announcement below it brings no new key', () => {
  const signed = [
    [3, first],
    [4, first, mallory],
    [6, mallory],
  ] as const
  assert.deepEqual(walk(signed, pinnedTo(first), []).counted, [3, 4])
  assert.deepEqual(walk(signed, pinnedTo(first), [rotationEntry(4, first, mallory)]).counted, [3, 4])
})

test('an announcement in the name of a key that is not trusted brings no new key', () => {
  const announced = [rotationEntry(4, second, mallory)]
  assert.deepEqual(
    walk(
      [
        [3, first],
        [6, second, mallory],
        [7, mallory],
      ],
      pinnedTo(first),
      announced,
    ).counted,
    [3],
  )
})

test('a replaced key that signs on counts no more', () => {
  const signed = [...twoRotations, [14, first], [15, second], [16, first, mallory], [17, mallory]] as const
  const announced = [...rotated, rotationEntry(13, first, mallory)]
  assert.deepEqual(walk(signed, pinnedTo(first), announced).counted, [3, 5, 8, 10, 12])
})

test('until the new key has signed alone, the old one still counts: a process may not have heard yet', () => {
  const signed = [
    [5, first, second],
    [6, first],
    [7, second],
    [8, first],
  ] as const
  assert.deepEqual(walk(signed, pinnedTo(first), rotated).counted, [5, 6, 7])
})

test('the same change announced twice is one change', () => {
  const announced = [rotationEntry(2, first, second), rotationEntry(4, first, second)]
  const { trusted } = walk([[5, first, second]], pinnedTo(first), announced)
  assert.deepEqual(trusted, ['first', 'second'])
})

test('the key of another log has no say, though its signature holds', () => {
  const other = logKey('clinic.example/other/0123456789abcdef')
  const held = { size: 3, root: new Uint8Array(32), lines: [{ type: 'ed25519', key: other.verifierKey } as const] }
  assert.deepEqual(walkTrust(ORIGIN, [held], pinnedTo(other), namedKeys([])).counted, [])
})

test('a cosigner alone makes no checkpoint count', () => {
  const cosigned = {
    size: 3,
    root: new Uint8Array(32),
    lines: [{ type: 'cosignature/v1', key: heartbeat.verifierKey, time: 1 } as const],
  }
  assert.deepEqual(walkTrust(ORIGIN, [cosigned], pinnedTo(heartbeat), namedKeys([start])).counted, [])
})

test('a log names keys only in entry 0 and where it announces a change; what is no key is no name', () => {
  const named = namedKeys([
    { seq: 3, action: 'logging_started', details: start.details },
    { seq: 4, action: 'key_rotated', details: { old_key: 'no key', new_key: 7 } },
  ])
  assert.deepEqual(named, { first: undefined, heartbeat: undefined, rotations: [] })
})

test('a record of the keyring announces no key, also where it has the members of one that does', () => {
  const { details } = rotationEntry(4, first, second)
  const turned = { key: 'keyring', told: 'at-opening', keyring_generation: 2, previous_generation: 1 }
  const versions = { new_version: 'v2', retired_key_versions: [] }
  for (const mix of [
    { ...turned, ...versions },
    { ...turned, ...versions, ...details },
    { ...details, key: 'keyring' },
    { ...details, keyring_generation: 2 },
  ]) {
    assert.deepEqual(namedKeys([start, { seq: 4, action: 'key_rotated', details: mix }]).rotations, [])
  }
  assert.deepEqual(namedKeys([start, { seq: 4, action: 'logging_started', details }]).rotations, [])
})

test('entry 0 announces no change of keys, whatever its details say', () => {
  const { details } = rotationEntry(0, first, second)
  const named = namedKeys([{ seq: 0, action: 'logging_started', details: { ...start.details, ...details } }])
  assert.deepEqual(named.rotations, [])
})
