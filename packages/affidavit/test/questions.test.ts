// What the questions of an auditor promise, on ledgers in files (spec/authority.md).

import { files } from './backend.ts'
import { storiesOn } from './question-story.ts'
import { testAuthority } from './questions-authority.ts'
import { testGaps } from './questions-gaps.ts'
import { testLineage } from './questions-lineage.ts'
import { testRetention } from './questions-retention.ts'

const stories = storiesOn(files)
testLineage(stories)
testAuthority(stories)
testGaps(stories)
testRetention(stories)
