// What goes wrong between a ledger and the object store of its archive, on demand: one fault for one operation.

/**
 * - `down`: nothing happens, and `archive-unavailable` says so
 * - `done-but-reported-failed`: it happens, and `archive-unavailable` says that it did not
 * - `lied`: nothing happens, and success is reported
 * - `other-bytes`: what is read, or kept, has one bit changed
 * - `lock-refused`: a put keeps the object without its lock, and says so; a lock is not extended
 * - `lock-lied`: the same, and success is reported
 * - `killed-before`, `killed-after`: the process ends there
 */
export type ObjectFault =
  | 'down'
  | 'done-but-reported-failed'
  | 'lied'
  | 'other-bytes'
  | 'lock-refused'
  | 'lock-lied'
  | 'killed-before'
  | 'killed-after'

export type ObjectOperation = 'lockProof' | 'put' | 'get' | 'stat' | 'list' | 'extendLock' | 'delete'

export interface ObjectFaults {
  /** Every operation so far: `put segments/…`. */
  readonly asked: readonly string[]
  /** The next ones of that name go wrong, one each; `undefined` lets one pass. */
  break(operation: ObjectOperation, ...faults: readonly (ObjectFault | undefined)[]): void
  /** The next one of that name waits, before it does anything, until it is let go. */
  hold(operation: ObjectOperation): { readonly begun: Promise<void>; letGo(): void }
  /** For stores: tells of an operation, waits where it is held, and says what goes wrong. */
  next(operation: ObjectOperation, key: string): Promise<ObjectFault | undefined>
}

export function objectFaults(): ObjectFaults {
  const asked: string[] = []
  const planned = new Map<ObjectOperation, (ObjectFault | undefined)[]>()
  const held = new Map<ObjectOperation, { begin(): void; readonly free: Promise<void> }>()
  return {
    asked,
    break: (operation, ...faults) => void planned.set(operation, [...(planned.get(operation) ?? []), ...faults]),
    hold(operation) {
      const [begun, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      held.set(operation, { begin: begun.resolve, free: free.promise })
      return { begun: begun.promise, letGo: free.resolve }
    },
    async next(operation, key) {
      asked.push(`${operation} ${key}`.trimEnd())
      const fault = planned.get(operation)?.shift()
      const hold = held.get(operation)
      held.delete(operation)
      hold?.begin()
      await hold?.free
      return fault
    },
  }
}
