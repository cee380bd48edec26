// What stays of a segment of which records were destroyed, where they lie in files.

import { files } from './backend.ts'
import { testDispositionMixed } from './disposition-mixed.ts'

testDispositionMixed(files)
