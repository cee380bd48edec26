import { keyWrapperContract } from './contract-key-wrapper.ts'
import { memoryKeyWrapper } from './memory-key-wrapper.ts'

keyWrapperContract('a key wrapper in memory', async () => {
  const wrapper = memoryKeyWrapper()
  return { open: async () => wrapper, cleanup: async () => undefined }
})
