// Running a child whose system calls are watched, or broken, by strace: what a disk does when it fails.

import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** Whether strace is there and may watch processes. */
export function hasStrace(): boolean {
  return spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0
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
    '-qq',
    '-y',
    '-o',
    log,
    ...options,
    process.execPath,
    join(import.meta.dirname, script),
    ...args,
  ]
  const child = spawn('strace', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  const stderr: string[] = []
  child.stderr.on('data', (text) => stderr.push(String(text)))
  const ended = new Promise<string>((resolve) => child.on('close', (code, signal) => resolve(signal ?? String(code))))
  const told: unknown[] = []
  for await (const line of createInterface({ input: child.stdout })) told.push(JSON.parse(line))
  return { told, end: await ended, stderr: stderr.join(''), calls: callsIn(log) }
}

function callsIn(log: string): string[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .map((line) => line.replace(/^\d+ +/, ''))
    .filter((line) => line !== '')
}
