// Running a child whose system calls are watched, or broken, by strace: what a disk does when it fails.

import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'

/** Whether strace is there and may watch processes. */
export function hasStrace(): boolean {
  return spawnSync('strace', ['-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', 'true']).status === 0
}

export interface Straced {
  /** The lines the child wrote to stdout, parsed. */
  readonly told: readonly unknown[]
  readonly end: string
  readonly stderr: string
  /** The watched calls, one a line: `fsync(35</path>) = 0`. */
  readonly calls: readonly string[]
}

/** Runs a script of this folder under strace; `options` say what is watched and what is broken. */
export async function straced(
  log: string,
  options: readonly string[],
  script: string,
  args: readonly string[],
): Promise<Straced> {
  const command = [
    '-f',
    ...quickly(options),
    '-qq',
    '-y',
    '-o',
    log,
    ...options,
    process.execPath,
    join(import.meta.dirname, script),
    ...args,
  ]
  // A position to break is counted for each thread: files are written by one of the pool, then.
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
  const child = spawn('strace', command, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const stderr: string[] = []
  child.stderr.on('data', (text) => stderr.push(String(text)))
  const ended = new Promise<string>((resolve) => child.on('close', (code, signal) => resolve(signal ?? String(code))))
  const told: unknown[] = []
  for await (const line of createInterface({ input: child.stdout })) told.push(JSON.parse(line))
  return { told, end: await ended, stderr: stderr.join(''), calls: callsIn(log) }
}

// The kernel stops for strace at what is watched, instead of at every call. A signal is not sent then (strace 6.1).
function quickly(options: readonly string[]): string[] {
  return options.some((option) => option.includes('signal=')) ? [] : ['--seccomp-bpf']
}

function callsIn(log: string): string[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .map((line) => line.replace(/^\d+ +/, ''))
    .filter((line) => line !== '')
}
