import { files } from './backend.ts'
import { testErasureCrash } from './erasure-crash.ts'

testErasureCrash(files)
