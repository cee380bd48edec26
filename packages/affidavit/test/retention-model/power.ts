// What comes between two writes of a process: its end, as when a machine goes dark, or somebody else.

import type { ObjectStore } from '../../src/archive/object-store.ts'
import type { LedgerStore } from '../../src/ledger/store.ts'
import type { Keyring } from '../../src/vault/keyring.ts'

export interface Interruption {
  /** That come before. */
  writes: number
  readonly when: 'before' | 'after'
  happen(): Promise<void>
}

export interface Power {
  next: Interruption | undefined
  isGone: boolean
}

export function steadyPower(): Power {
  return { next: undefined, isGone: false }
}

export function cutPower(power: Power, writes: number, when: 'before' | 'after'): void {
  power.next = {
    ...{ writes, when },
    async happen() {
      power.isGone = true
      throw darkness()
    },
  }
}

type Part = LedgerStore | ObjectStore | Keyring

const WRITES: ReadonlySet<string> = new Set([
  ...(['commit', 'keepCheckpoint', 'replaceEntries', 'bringBack'] satisfies (keyof LedgerStore)[]),
  ...(['keepPayload', 'keepChunks'] satisfies (keyof LedgerStore)[]),
  ...(['put', 'extendLock', 'delete'] satisfies (keyof ObjectStore)[]),
  ...(['scopeKeys', 'turnOver', 'turnOverFrom', 'destroyRetired'] satisfies (keyof Keyring)[]),
])

/** A part of a process that is interrupted at its writes. */
export function powered<T extends Part>(part: T, power: Power): T {
  return new Proxy<T>(part, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function' || typeof name !== 'string' || !WRITES.has(name)) return member
      return async (...args: readonly unknown[]) => {
        if (power.isGone) throw darkness()
        const { next } = power
        if (next === undefined || next.writes-- > 0) return Reflect.apply(member, target, args)
        power.next = undefined
        if (next.when === 'before') await next.happen()
        const answer: unknown = await Reflect.apply(member, target, args)
        if (next.when === 'after') await next.happen()
        return answer
      }
    },
  })
}

function darkness(): Error {
  return new Error('the power is gone')
}
