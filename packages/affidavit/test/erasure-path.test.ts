import { files } from './backend.ts'
import { testErasurePath } from './erasure-path.ts'

testErasurePath(files)
