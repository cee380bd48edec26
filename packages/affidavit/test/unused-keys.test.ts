import { files } from './backend.ts'
import { testUnusedKeys } from './unused-keys.ts'

testUnusedKeys(files)
