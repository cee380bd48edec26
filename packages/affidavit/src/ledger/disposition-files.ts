// The papers of dispositions outside the database, beside the checkpoint log (spec/disposition.md §9): a restored backup finds there what
// was destroyed since.

import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { type DispositionPapers, formatDispositionPapers } from '../disposition/disposition-papers.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { syncFolder } from './sync-folder.ts'

export interface DispositionFiles {
  /** Durable when it resolves; what was kept of that plan before is replaced. @throws LedgerError `not-published` */
  keep(plan_sha256: string, papers: DispositionPapers): Promise<void>
  /** As they lie there, whatever somebody made of them; nothing where there are none. @throws LedgerError `store-unavailable` */
  read(plan_sha256: string): Promise<Uint8Array | undefined>
  /** Where those of a plan are looked for. */
  pathOf(plan_sha256: string): string
}

/** @param anchor the folder of the checkpoint log */
export function dispositionFiles(anchor: string): DispositionFiles {
  const folder = join(anchor, 'dispositions')
  const pathOf = (plan_sha256: string): string => join(folder, `${plan_sha256}.json`)
  return {
    pathOf,
    async keep(plan_sha256, papers) {
      const path = pathOf(plan_sha256)
      const draft = `${path}.${randomBytes(4).toString('hex')}.new`
      try {
        await mkdir(folder, { recursive: true })
        await writeSynced(draft, formatDispositionPapers(papers))
        await rename(draft, path)
        for (const one of [folder, anchor]) await syncFolder(one)
      } catch (cause) {
        await rm(draft, { force: true }).catch(() => undefined)
        throw notKept(path, cause)
      }
    },
    async read(plan_sha256) {
      const path = pathOf(plan_sha256)
      try {
        return await readFile(path)
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
        throw unreadable(path, cause)
      }
    },
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

function notKept(path: string, cause: unknown): LedgerError {
  return new LedgerError('not-published', {
    problem: `the papers of the disposition cannot be kept outside the database, in ${path}`,
    cure: 'make room there, or give this user the right to write, and run affidavit dispose finish: before they are kept, nothing is destroyed',
    cause,
  })
}

function unreadable(path: string, cause: unknown): LedgerError {
  return new LedgerError('store-unavailable', {
    problem: `the papers of a disposition, ${path}, cannot be read`,
    cure: 'give this user the right to read them',
    cause,
  })
}
