// A provider of models in a process of its own (client.ts starts it): what it does is not what an agent does.

import { baseUrl, startProvider } from './provider.ts'

const server = await startProvider()
process.once('disconnect', () => process.exit())
process.send?.(baseUrl(server))
