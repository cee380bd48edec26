// All routes, and what stands before each.

import type { FastifyInstance } from 'fastify'

import type { AppParts } from './app.ts'
import { askFirst } from './asked.ts'
import { createLimits } from './limits.ts'
import { addRecords } from './routes/records.ts'
import { addWell } from './routes/well.ts'

export async function addRoutes(app: FastifyInstance, parts: AppParts): Promise<void> {
  addWell(app, parts)
  await app.register(async (signedIn) => {
    askFirst(signedIn, parts.ledgers, await createLimits(signedIn, parts.requestsPerMinute))
    await signedIn.register(
      async (ledger) => {
        addRecords(ledger)
      },
      { prefix: '/v1/ledgers/:ledger' },
    )
  })
}
