import { keyringStoreContract } from './contract-keyring-store.ts'
import { memoryKeyringStore } from './memory-keyring-store.ts'

keyringStoreContract('a keyring store in memory', async () => {
  const store = memoryKeyringStore()
  return { open: () => store, cleanup: async () => undefined }
})
