// Erasures, holds and retention periods on files; on PostgreSQL they are part of postgres-erasure.

import { files } from './backend.ts'
import { testErasureHolds } from './erasure-holds.ts'

testErasureHolds(files)
