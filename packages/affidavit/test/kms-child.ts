// Creates a version of a key-encryption key in KMS, as the environment leads there, and says its name. Argument: the ledger.

import { defaultKmsClient } from '../src/keys/kms-client.ts'
import { kmsWrapper } from '../src/keys/kms-wrapper.ts'

const [ledger = ''] = process.argv.slice(2)
console.log(await kmsWrapper({ ledger, client: await defaultKmsClient() }).create())
