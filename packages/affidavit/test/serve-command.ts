// `affidavit serve` in a process of its own, as an operator starts it.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

import { BIN } from './run-cli.ts'

export interface ServeCommand {
  readonly child: ChildProcess
  readonly url: string
}

/** @param words further options of the command */
export async function startServe(home: string, ...words: readonly string[]): Promise<ServeCommand> {
  const argv = [BIN, 'serve', '--ledger', home, '--listen', '127.0.0.1:0', '--json', ...words]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'ignore'] })
  for await (const line of createInterface(child.stdout)) return { child, url: JSON.parse(line).url }
  throw new Error('the server ended before it answered')
}
