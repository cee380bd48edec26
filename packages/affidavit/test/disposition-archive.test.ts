// What stands in the archive ends with the records, where they lie in files.

import { files } from './backend.ts'
import { testDispositionArchive } from './disposition-archive.ts'

testDispositionArchive(files)
