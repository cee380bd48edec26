// `affidavit serve` in a process of its own, and a key of a writer for it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { createApiKey } from '../packages/affidavit/src/embedded/change-api-keys.ts'
import { openFolder } from '../packages/affidavit/src/embedded/open.ts'

const BIN = fileURLToPath(new URL('../packages/affidavit/bin/affidavit.js', import.meta.url))

export interface Server extends AsyncDisposable {
  /** Of the ledger. */
  readonly url: string
  readonly token: string
}

/** Serves the ledger of a home, as an operator does; nobody reads the log. */
export async function serveHome(home: string): Promise<Server> {
  const { origin, token } = await writerOf(home)
  const limits = ['--requests-per-minute', '1000000000']
  const words = [BIN, 'serve', '--ledger', home, '--listen', '127.0.0.1:0', '--json', ...limits]
  const child = spawn(process.execPath, [...process.execArgv, ...words], { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface(child.stdout)) {
    return {
      url: `${JSON.parse(line).url}/v1/ledgers/${encodeURIComponent(origin)}`,
      token,
      async [Symbol.asyncDispose]() {
        const exit = once(child, 'exit')
        child.kill('SIGTERM')
        await exit
      },
    }
  }
  throw new Error('the server ended before it answered')
}

async function writerOf(home: string): Promise<{ readonly origin: string; readonly token: string }> {
  await using ledger = await openFolder(home)
  const by = { actor_id: 'bench', actor_type: 'admin' } as const
  const { key: token } = await createApiKey({ ledger, home, by }, { role: 'writer' })
  return { origin: ledger.origin, token }
}
