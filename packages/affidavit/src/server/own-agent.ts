// A credential that is for certain agents writes for these alone (spec/http.md §3).

import type { FastifyRequest } from 'fastify'

import { LedgerError } from '../errors/ledger-error.ts'
import { denied } from './asked.ts'

/** @throws LedgerError `not-allowed`, once that is on record */
export async function expectOwnAgent(request: FastifyRequest, agent_name: string | undefined): Promise<void> {
  const { agents } = request.asked.principal.scope ?? {}
  if (agents === undefined || (agent_name !== undefined && agents.includes(agent_name))) return
  await denied(request, 403)
  throw new LedgerError('not-allowed', {
    problem: 'this credential is for certain agents, and this is of none of them',
    cure: 'set agent_name to one that the key was made for',
    path: 'agent_name',
  })
}
