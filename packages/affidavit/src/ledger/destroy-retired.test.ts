import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseErasureDetails } from '../erasure/phases.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseKeyringTurn } from '../formats/key-rotation.ts'
import { destroyRetired } from './destroy-retired.ts'

const VERSIONS = Array.from({ length: 150 }, (_, i) => `${String(1000 - i)}-${'0'.repeat(16)}`)
const inForce = async () => ({ generation: 151, version: 'newest', retired: VERSIONS })

test('where more versions stand than a record lists, both records of them can be read back', async () => {
  const retired_key_versions = await destroyRetired({ destroyRetired: async () => VERSIONS, inForce })
  const turn = {
    key: 'keyring',
    told: 'at-opening',
    keyring_generation: 151,
    previous_generation: 150,
    new_version: 'v',
  }
  assert.deepEqual(parseKeyringTurn({ ...turn, retired_key_versions }), { ...turn, retired_key_versions })
  const outcome = {
    phase: 'erasing',
    plan_sha256: 'a'.repeat(64),
    decision_seq: 7,
    keyring_generation: 151,
    retired_key_versions: [...retired_key_versions],
    subjects: [`tok_${'0'.repeat(32)}`],
    conversations: [],
  }
  assert.deepEqual(parseErasureDetails(outcome), outcome)
})

test('where nobody can be asked, all of them stand', async () => {
  const gone = async (): Promise<never> => {
    throw new LedgerError('key-unavailable', { problem: 'nobody answers' })
  }
  const few = VERSIONS.slice(0, 2)
  const keyring = { destroyRetired: gone, inForce: async () => ({ ...(await inForce()), retired: few }) }
  assert.deepEqual(await destroyRetired(keyring), [...few].sort())
  await assert.rejects(
    destroyRetired({ destroyRetired: () => Promise.reject(new TypeError('a bug')), inForce }),
    TypeError,
  )
})
