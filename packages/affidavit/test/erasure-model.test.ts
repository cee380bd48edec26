import { files } from './backend.ts'
import { testErasureModel } from './erasure-model.ts'

testErasureModel(files, process.env.AFFIDAVIT_SOAK === '1' ? 400 : 20)
