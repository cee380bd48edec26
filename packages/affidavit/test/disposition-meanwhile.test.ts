// What others do while what stays of a segment is written anew, where they lie in files.

import { files } from './backend.ts'
import { testDispositionMeanwhile } from './disposition-meanwhile.ts'

testDispositionMeanwhile(files)
