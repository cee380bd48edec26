// Measured work in processes of its own: started, asked one thing at a time, ended.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** Starts a file of this folder. */
export function start(file: string, ...words: readonly string[]): ChildProcess {
  return fork(new URL(`./${file}`, import.meta.url), words)
}

/** The next message of the process. @throws Error where it ends without one */
export async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`a measured process ended with ${code}`)
  })
  try {
    const [answer]: Answer[] = await Promise.race([once(child, 'message'), exit])
    if (answer === undefined) throw new Error('a measured process sent nothing')
    return answer
  } finally {
    exit.catch(() => undefined)
    ended.abort()
  }
}

/** Lets the process end by itself. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.disconnect()
  await exit
}
