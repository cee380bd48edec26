import { files } from './backend.ts'
import { testKeyringRotation } from './keyring-rotation.ts'
import { testKeyringRotationBeside } from './keyring-rotation-beside.ts'

testKeyringRotation(files)
testKeyringRotationBeside(files)
