// How many bytes a spool may still take (spec/spool.md S5): those in its files, and those on their way there.

import { LedgerError } from '../../errors/ledger-error.ts'

export interface Room {
  /** @throws LedgerError `spool-full` */
  take(bytes: number): void
  /** Takes what was promised room before, whatever that leaves. */
  add(bytes: number): void
  giveBack(bytes: number): void
  /** All that is taken. */
  taken(): number
}

/** `taken` is there already, be it more than `maxBytes`. */
export function createRoom(folder: string, maxBytes: number, alreadyTaken: number): Room {
  let taken = alreadyTaken
  return {
    take(bytes) {
      if (taken + bytes > maxBytes) throw spoolFull(folder, maxBytes, taken, bytes)
      taken += bytes
    },
    add(bytes) {
      taken += bytes
    },
    giveBack(bytes) {
      taken -= bytes
    },
    taken: () => taken,
  }
}

function spoolFull(folder: string, maxBytes: number, taken: number, bytes: number): LedgerError {
  return new LedgerError('spool-full', {
    problem: `the spool in ${folder} has ${taken} of at most ${maxBytes} bytes, and no room for a draft of ${bytes}`,
    cure: 'bring the ledger back, and what waits is forwarded; remove what was set aside, or allow more bytes; what waits is safe',
  })
}
