// What is about a ledger as a whole, and so not for a credential that is for part of it (spec/http.md §10).

import type { FastifyRequest } from 'fastify'

import { LedgerError } from '../errors/ledger-error.ts'
import { denied } from './asked.ts'

/** @throws LedgerError `not-allowed`, once that is on record */
export async function expectWhole(request: FastifyRequest): Promise<void> {
  if (request.asked.principal.scope === undefined) return
  await denied(request, 403)
  throw new LedgerError('not-allowed', {
    problem: 'this is about the whole ledger, and the credential is for certain agents or a period',
    cure: 'search and prove what it is for; a credential for the whole ledger verifies and exports it',
  })
}
