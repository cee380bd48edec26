// Whether the server lives, can commit, and how it does (spec/http.md §8).

import type { FastifyInstance } from 'fastify'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { AppParts } from '../app.ts'

export function addWell(app: FastifyInstance, { ledgers, state }: AppParts): void {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (_request, reply) => {
    const found = await Promise.all([...ledgers.values()].map(async ({ ledger }) => problemIn(() => ledger.canCommit())))
    const problems = [...(state.draining ? ['the server drains'] : []), ...found.filter((one) => one !== undefined)]
    return reply.code(problems.length === 0 ? 200 : 503).send({ status: problems.length === 0 ? 'ready' : 'not ready', problems })
  })

  app.get('/openapi.json', async () => app.swagger())
}

/** Why it cannot be done; the codes of the world, and no name of a ledger: anybody may ask this. */
async function problemIn(tried: () => Promise<void>): Promise<string | undefined> {
  try {
    await tried()
    return undefined
  } catch (error) {
    if (error instanceof LedgerError) return error.code
    throw error
  }
}
