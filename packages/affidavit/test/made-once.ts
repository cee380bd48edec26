// What several test files of one run need alike: the first of them makes it, in the folder of the run, which `npm test` names and removes.

import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

/** The folder that `make` filled, here or in another process; `undefined` where a file runs by itself. Nobody may change what is in it. */
export async function madeOnce(name: string, make: (folder: string) => Promise<void>): Promise<string | undefined> {
  const run = process.env.AFFIDAVIT_TEST_RUN
  if (run === undefined) return undefined
  const made = join(run, name)
  if (existsSync(made)) return made
  const draft = mkdtempSync(`${made}-`)
  chmodSync(draft, 0o755)
  await make(draft)
  try {
    renameSync(draft, made)
  } catch (error) {
    // Two began at once.
    if (!existsSync(made)) throw error
    rmSync(draft, { recursive: true })
  }
  return made
}
