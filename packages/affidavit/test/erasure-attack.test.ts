import { files } from './backend.ts'
import { testErasureAttack } from './erasure-attack.ts'

testErasureAttack(files)
