// What an erasure promises, where records and keyring lie in PostgreSQL (spec/erasure.md §6).

import { describe, test } from 'node:test'

import { testErasureAttack } from './erasure-attack.ts'
import { testErasureCrash } from './erasure-crash.ts'
import { testErasureHolds } from './erasure-holds.ts'
import { testErasureModel } from './erasure-model.ts'
import { testErasurePath } from './erasure-path.ts'
import { testErasureRefusals } from './erasure-refusals.ts'
import { postgresBackend } from './postgres-backend.ts'
import { missingForPostgres } from './postgres-server.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('erasures in PostgreSQL', { skip: missing })
else
  describe('erasures in PostgreSQL', () => {
    const backend = postgresBackend()
    describe('from the plan to the certificate', () => testErasurePath(backend))
    describe('interrupted, raced, or overtaken', () => testErasureCrash(backend))
    describe('attacked with old copies and every key that is left', () => testErasureAttack(backend))
    describe('held against a naive model', () => testErasureModel(backend, process.env.AFFIDAVIT_SOAK === '1' ? 60 : 2))
    describe('refused', () => testErasureRefusals(backend))
    describe('held, or to be kept longer', () => testErasureHolds(backend))
  })
