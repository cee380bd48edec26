import { files } from './backend.ts'
import { testDispositionRestored } from './disposition-restored.ts'

testDispositionRestored(files)
