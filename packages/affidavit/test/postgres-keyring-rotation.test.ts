// A keyring in PostgreSQL gets a new key-encryption key, beside a ledger in PostgreSQL (spec/vault.md §8, §9).

import { describe, test } from 'node:test'

import { testKeyringRotation } from './keyring-rotation.ts'
import { testKeyringRotationBeside } from './keyring-rotation-beside.ts'
import { postgresBackend } from './postgres-backend.ts'
import { missingForPostgres } from './postgres-server.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('rotations of a keyring in PostgreSQL', { skip: missing })
else
  describe('rotations of a keyring in PostgreSQL', () => {
    const backend = postgresBackend()
    testKeyringRotation(backend)
    testKeyringRotationBeside(backend)
  })
