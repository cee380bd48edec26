// A server of one ledger in a process of its own (client.ts starts it). Argument: the home of the ledger.

import { createApiKey } from '../packages/affidavit/src/embedded/change-api-keys.ts'
import { openFolder } from '../packages/affidavit/src/embedded/open.ts'
import { serve } from '../packages/affidavit/src/server/serve.ts'

export interface ServerAnswer {
  readonly url: string
  readonly token: string
}

const [home = ''] = process.argv.slice(2)
const ledger = await openFolder(home)
const by = { actor_id: 'bench', actor_type: 'admin' } as const
const { key } = await createApiKey({ ledger, home, by }, { role: 'writer' })
await ledger.close()
const limits = { bodyLimit: 67_108_864, requestsPerMinute: 10_000_000, log: () => undefined }
const { listening } = await serve({ places: [{ home }], at: { host: '127.0.0.1', port: 0 }, ...limits })
process.once('disconnect', () => void listening.drain(0))
const answer: ServerAnswer = { url: listening.url, token: key }
process.send?.(answer)
