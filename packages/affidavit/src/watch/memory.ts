// What a watcher remembers while it runs: its state and the alerts that wait, each durable before anything is built upon it.

import type { Alert } from './alert.ts'
import type { Raised } from './judge-run.ts'
import type { Outbox } from './outbox.ts'
import { NEW_STATE, type ReadState, type WatchState } from './state.ts'
import { homeKey, readState, writeState } from './state-file.ts'

export interface Memory {
  /** Begins a run: the ledger of the home, by its keys. Where these are others now, as behind a restore, nothing is remembered. */
  begin(): string | undefined
  state(): WatchState
  /** Alerts before the state that has counted them: a crash between the two raises them once more. @throws LedgerError `store-unavailable` */
  remember(raised: Raised): Promise<void>
}

export interface MemoryParts {
  readonly home: string
  /** Where alerts wait; they are only told where it is left out. */
  readonly outbox?: Outbox
  tell(alert: Alert): void
}

/** @throws LedgerError `store-unavailable` */
export function openMemory({ home, outbox, tell }: MemoryParts): Memory & { readonly was: ReadState['from'] | 'new' } {
  let key = homeKey(home)
  const read = readState(home, key)
  let state = read === undefined ? NEW_STATE : stateIn(read)
  return {
    was: read?.from ?? 'new',
    state: () => state,
    begin() {
      const now = homeKey(home)
      if (now.key?.check !== key.key?.check) state = NEW_STATE
      key = now
      return key.ledger
    },
    async remember(raised) {
      for (const alert of raised.alerts) tell(alert)
      for (const alert of raised.alerts) await outbox?.put(alert)
      // Not before: what could not be kept is not counted as raised, and is raised once more.
      state = raised.state
      await writeState(home, state, key)
    },
  }
}

/** What can be built upon: anybody may have written what stands under no key, so that everything is read again. */
function stateIn(read: ReadState): WatchState {
  if (read.from === 'own') return read.state
  if (read.from !== 'unkeyed') return NEW_STATE
  const { base: _, complete: _complete, ...state } = read.state
  return state
}
