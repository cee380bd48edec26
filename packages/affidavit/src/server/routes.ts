// All routes, and what stands before each.

import type { AppParts } from './app-parts.ts'
import { askFirst } from './asked.ts'
import { createLimits } from './limits.ts'
import type { Metrics } from './metrics.ts'
import { addAccess } from './routes/access.ts'
import { addAppend } from './routes/append.ts'
import { addArchive } from './routes/archive.ts'
import { addCertificates } from './routes/certificates.ts'
import { addCheckpoints } from './routes/checkpoints.ts'
import { addContent } from './routes/content.ts'
import { addDispositions } from './routes/dispositions.ts'
import { addErasures } from './routes/erasures.ts'
import { addExports } from './routes/exports.ts'
import { addHolds } from './routes/holds.ts'
import { addKeys } from './routes/keys.ts'
import { addHealth, addLedgers } from './routes/ledgers.ts'
import { addOperation } from './routes/operation.ts'
import { addProofs } from './routes/proofs.ts'
import { addQuestions } from './routes/questions.ts'
import { addRecords } from './routes/records.ts'
import { addRetention } from './routes/retention.ts'
import type { Routes } from './routes/route.ts'
import { addTail } from './routes/tail.ts'
import { addTelemetry } from './routes/telemetry.ts'
import { addVerifications } from './routes/verifications.ts'
import { addWell } from './routes/well.ts'
import { addWriter } from './routes/writer.ts'

/** Routes of one ledger, below its path. */
const OF_A_LEDGER: readonly ((app: Routes, parts: AppParts) => void)[] = [
  addHealth,
  addAppend,
  addRecords,
  addContent,
  addQuestions,
  addCheckpoints,
  addWriter,
  addKeys,
  addTail,
  addVerifications,
  addExports,
  addRetention,
  addHolds,
  addProofs,
  addAccess,
  addErasures,
  addDispositions,
  addCertificates,
  addArchive,
  addOperation,
]

export async function addRoutes(app: Routes, parts: AppParts, metrics: Metrics): Promise<void> {
  const limits = await createLimits(app, parts.requestsPerMinute)
  await app.register((signedIn: Routes, _, done) => {
    askFirst(signedIn, parts.ledgers, limits)
    addWell(signedIn, parts, metrics)
    addLedgers(signedIn)
    signedIn.register(addTelemetryRoutes)
    signedIn.register(
      (ledger: Routes, _, added) => {
        for (const add of OF_A_LEDGER) add(ledger, parts)
        added()
      },
      { prefix: '/v1/ledgers/:ledger' },
    )
    done()
  })
}

// Its bodies are bytes, and what it refuses is answered in another form.
function addTelemetryRoutes(app: Routes, _: object, done: () => void): void {
  addTelemetry(app)
  done()
}
