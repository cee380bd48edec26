// What every LedgerStore promises (ledger/store.ts), as tests: run it on a store of your own.

import { describe } from 'node:test'

import type { LedgerStore } from '../ledger/store.ts'
import { checkpointContract } from './contract-checkpoints.ts'
import { commitContract } from './contract-commit.ts'
import { payloadContract } from './contract-payloads.ts'
import { readContract } from './contract-read.ts'
import { stubContract } from './contract-stubs.ts'
import { tenantContract } from './contract-tenants.ts'

/** Makes an empty store; `cleanup` is called after the store was closed. */
export type MakeStore = () => Promise<{ readonly store: LedgerStore; readonly cleanup: () => Promise<void> }>

/** Runs the contract of the LedgerStore seam, under node:test, each test on a fresh store. */
export function storeContract(name: string, makeStore: MakeStore): void {
  async function withStore(work: (store: LedgerStore) => Promise<void>): Promise<void> {
    const { store, cleanup } = await makeStore()
    try {
      await work(store)
    } finally {
      await store.close()
      await cleanup()
    }
  }

  describe(`${name} keeps the contract of a ledger store`, () => {
    describe('commit', () => commitContract(withStore))
    describe('read', () => readContract(withStore))
    describe('checkpoints', () => checkpointContract(withStore))
    describe('payloads', () => payloadContract(withStore))
    describe('entries that leave, and come back', () => stubContract(withStore))
    describe('several ledgers, and the end', () => tenantContract(withStore))
  })
}
