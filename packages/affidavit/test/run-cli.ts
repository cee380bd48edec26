// Command lines, run in this process with everything they write caught, or as a user runs them: through the bin.

import assert from 'node:assert/strict'
import { type SpawnSyncReturns, type StdioOptions, spawnSync } from 'node:child_process'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { main } from '../src/cli/main.ts'

export const BIN: string = fileURLToPath(new URL('../bin/affidavit.js', import.meta.url))

export interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

export async function run(
  argv: readonly string[],
  stdin: string = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  let [out, err] = ['', '']
  const terminal = {
    out: (text: string) => {
      out += text
    },
    err: (text: string) => {
      err += text
    },
    progress: () => undefined,
    endProgress: () => undefined,
    style: (_: unknown, text: string) => text,
    width: 200,
  }
  const code = await main(argv, { terminal, stdin: Readable.from([Buffer.from(stdin)]), env })
  return { code, out, err }
}

/** The answer of a command that did what it was asked for. */
export async function done(answered: Promise<Run>): Promise<Run> {
  const answer = await answered
  assert.equal(answer.code, 0, answer.out + answer.err)
  return answer
}

export function runDone(argv: readonly string[], stdin: string = ''): Promise<Run> {
  return done(run(argv, stdin))
}

export function json(run: Run): Record<string, unknown> {
  return JSON.parse(run.out)
}

/** The code of the error that a command printed with --json. */
export function errorCode(run: Run): unknown {
  return Object(json(run).error).code
}

/** A draft as one line of JSON. */
export function draft(n: number, more: object = {}): string {
  return `${JSON.stringify({ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', conversation_id: 'c-1', details: { n }, ...more })}\n`
}

/** Runs the bin, which must end within the time that a user would wait; one that hangs has the status null. */
export function runBin(
  argv: readonly string[],
  stdio: StdioOptions = 'pipe',
  bin: string = BIN,
  env: NodeJS.ProcessEnv = process.env,
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [bin, ...argv], { stdio, env, encoding: 'utf8', timeout: 30_000 })
}
