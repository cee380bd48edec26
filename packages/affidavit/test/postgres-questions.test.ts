// What the questions of an auditor promise, on ledgers in PostgreSQL (spec/authority.md).

import { describe, test } from 'node:test'

import { postgresBackend } from './postgres-backend.ts'
import { missingForPostgres } from './postgres-server.ts'
import { storiesOn } from './question-story.ts'
import { testAuthority } from './questions-authority.ts'
import { testGaps } from './questions-gaps.ts'
import { testLineage } from './questions-lineage.ts'
import { testRetention } from './questions-retention.ts'

const missing = missingForPostgres()
if (missing !== undefined) test('the questions of an auditor in PostgreSQL', { skip: missing })
else
  describe('the questions of an auditor in PostgreSQL', () => {
    const stories = storiesOn(postgresBackend())
    testLineage(stories)
    testAuthority(stories)
    testGaps(stories)
    testRetention(stories)
  })
