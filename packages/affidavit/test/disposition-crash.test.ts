import { files } from './backend.ts'
import { testDispositionCrash } from './disposition-crash.ts'

testDispositionCrash(files)
