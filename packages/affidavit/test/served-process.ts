// `affidavit serve`, as a process that can be killed and begun again, behind one address; and processes that write to it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { createApiKey } from '../src/embedded/change-api-keys.ts'
import { openFolder } from '../src/embedded/open.ts'
import { startFaultyProxy } from './faulty-proxy.ts'
import { BIN } from './run-cli.ts'

export interface ServedProcess {
  /** Stays the same, whichever process answers. */
  readonly url: string
  begin(): Promise<void>
  end(signal: NodeJS.Signals): Promise<void>
  pid(): number | undefined
  close(): Promise<void>
}

/** @param command what starts a program with its arguments: of its own where it is to be limited */
export async function startServed(home: string, command: readonly string[] = []): Promise<ServedProcess> {
  const words = [...command, process.execPath, BIN, 'serve', '--ledger', home, '--listen', '127.0.0.1:0', '--json']
  let child: ChildProcess | undefined
  const proxy = await startFaultyProxy(1)
  const served: ServedProcess = {
    url: `http://127.0.0.1:${proxy.port}`,
    async begin() {
      const [program = '', ...args] = words
      const begun = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
      child = begun
      for await (const line of createInterface(begun.stdout)) {
        proxy.target = Number(new URL(JSON.parse(line).url).port)
        return
      }
      throw new Error('the server ended before it answered')
    },
    async end(signal) {
      if (child === undefined) return
      const ended = once(child, 'exit')
      child.kill(signal)
      child = undefined
      await ended
    },
    pid: () => child?.pid,
    async close() {
      await served.end('SIGKILL')
      await proxy.close()
    },
  }
  return served
}

/** What a client was told of a draft. */
export interface Told {
  readonly id: string
  readonly told: 'recorded' | 'spooled' | 'spool-full'
  /** Of what was recorded. */
  readonly seq?: number
  readonly integrity_hash?: string
  /** What the ledger said before the spool was asked. */
  readonly code?: string
}

export interface WriterProcess {
  /** Ends it without a word. */
  kill(): Promise<void>
  /** Has it write no more, hand in all that waits, and end. */
  finish(): Promise<void>
}

export interface WriterAt {
  readonly url: string
  readonly token: string
  readonly spool: string
  readonly first: number
  readonly heard: (told: Told) => void
  /** It ended by itself. */
  readonly failed: (error: Error) => void
}

/** A process that writes at full speed, and puts into its spool what the ledger does not take. */
export function startWriter({ url, token, spool, first, heard, failed }: WriterAt): WriterProcess {
  const script = join(import.meta.dirname, 'served-writer-child.ts')
  const child = spawn(process.execPath, [script, url, token, spool, String(first)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  // A writer that was killed has nobody who reads.
  child.stdin.on('error', () => undefined)
  const ended = once(child, 'close').then(([code, signal]) => {
    if (code !== 0 && signal !== 'SIGKILL') failed(new Error(`a writer ended with ${code ?? signal}: ${said}`))
  })
  const lines = (async () => {
    for await (const line of createInterface(child.stdout)) heard(JSON.parse(line))
  })()
  return {
    async kill() {
      child.kill('SIGKILL')
      await Promise.all([ended, lines])
    },
    async finish() {
      child.stdin.end()
      await Promise.all([ended, lines])
    },
  }
}

/** A key for whoever writes, and the key that signs checkpoints. */
export async function newWriter(home: string): Promise<{ readonly token: string; readonly vkey: string }> {
  await using ledger = await openFolder(home)
  const by = { actor_id: 'operator-1', actor_type: 'admin' } as const
  const { key } = await createApiKey({ ledger, home, by }, { role: 'writer', actor: 'triage' })
  return { token: key, vkey: await ledger.verifierKey() }
}
