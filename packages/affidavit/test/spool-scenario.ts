// One run of everything that a spool writes, with a ledger of which one draft is refused. It goes on after what fails.

import { createSecretKey } from 'node:crypto'

import type { SpoolFiles } from '../src/capture/spool/files.ts'
import type { ForwardingLedger } from '../src/capture/spool/forward.ts'
import { openSpool, type Spool } from '../src/capture/spool.ts'
import { systemClock } from '../src/clock/clock.ts'
import { createRandomSource } from '../src/crypto/random.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import { createSpoolable, type Spoolable } from '../src/ledger/spoolable.ts'
import { createSpooling } from '../src/ledger/spooling.ts'
import { spoolDraft } from './spool-place.ts'

/** A ledger in memory that keeps the promise of `append`: once for an id, and another draft of that id is a conflict. */
export interface MemoryLedger extends ForwardingLedger {
  /** Ids and texts of what is recorded, in order. */
  readonly recorded: Map<string, string>
  spoolable(draft: Draft): Promise<Spoolable>
}

const digestKey = createSecretKey(Buffer.alloc(32, 'spool'))

export function memoryLedger(recorded: Map<string, string> = new Map()): MemoryLedger {
  const random = createRandomSource()
  return {
    recorded,
    spooling: createSpooling('spool.example/agents/0123456789abcdef', { digestKey }, random),
    spoolable: createSpoolable({ actions: {}, clock: systemClock, random }),
    isRecorded: async (id) => recorded.has(id),
    async append(draft) {
      const { id = '', ...rest } = draft
      const text = JSON.stringify(rest)
      const standing = recorded.get(id)
      if (standing === text) return { state: 'duplicate' }
      if (standing !== undefined) throw new LedgerError('id-conflict', { problem: 'another draft has this id' })
      recorded.set(id, text)
      return { state: 'recorded' }
    },
  }
}

/** Draft 1 of the scenario is refused: something else has its id. */
export function scenarioLedger(): MemoryLedger {
  return memoryLedger(new Map([[spoolDraft(1).id, 'another draft']]))
}

export type Told =
  | { readonly kind: 'acknowledged'; readonly draft: number }
  | { readonly kind: 'failed'; readonly code: LedgerError['code'] }

export async function runSpoolScenario(
  folder: string,
  ledger: MemoryLedger,
  files: SpoolFiles,
  tell: (told: Told) => void,
): Promise<void> {
  await withSpool(async (spool) => {
    await put(spool, 0)
    await Promise.all([put(spool, 1), put(spool, 2), put(spool, 3)])
    await tried(spool.forward())
    await put(spool, 4)
    await put(spool, 5)
  })
  await withSpool(async (spool) => {
    await put(spool, 6)
    await tried(spool.forward())
    await put(spool, 7)
  })

  async function withSpool(work: (spool: Spool) => Promise<void>): Promise<void> {
    const spool = await tried(openSpool({ folder, ledger }, files))
    if (spool === undefined) return
    await work(spool)
    await spool.close()
  }

  async function put(spool: Spool, draft: number): Promise<void> {
    const done = await tried(spool.put(spoolDraft(draft)).then(() => 'done'))
    if (done !== undefined) tell({ kind: 'acknowledged', draft })
  }

  async function tried<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error
      tell({ kind: 'failed', code: error.code })
      return undefined
    }
  }
}
