// A keyring store in memory that keeps the contract: for tests of what stands on a keyring, with a hook before each write.

import type { KeyringHead, KeyringRow, KeyringStore, NumberedRow, Superseded } from '../vault/keyring-store.ts'

/** `beforeWrite` may throw: then nothing was written. */
export function memoryKeyringStore(beforeWrite: (method: keyof KeyringStore) => void = () => undefined): KeyringStore {
  let head: KeyringHead | undefined
  let rows: readonly (NumberedRow & { readonly generation: number })[] = []
  let numbers = 0

  function put(generation: number, row: KeyringRow): KeyringRow {
    if (rows.some((other) => other.generation === generation && other.row.key === row.key)) {
      throw new Error('a key stands twice')
    }
    numbers++
    rows = [...rows, { no: numbers, generation, row }]
    return row
  }

  function inForce<T>(generation: number, work: (those: readonly NumberedRow[]) => T): T | Superseded {
    if (head?.generation !== generation) return 'superseded'
    return work(rows.filter((row) => row.generation === generation))
  }

  async function find(
    generation: number,
    fits: (row: KeyringRow) => boolean,
  ): Promise<readonly KeyringRow[] | Superseded> {
    return inForce(generation, (those) => those.map(({ row }) => row).filter(fits))
  }

  return {
    head: async () => head,
    async begin(first) {
      beforeWrite('begin')
      head ??= first
      return head
    },
    find: (generation, lookups) => find(generation, ({ lookup }) => lookups.includes(lookup)),
    byKeys: (generation, keys) => find(generation, ({ key }) => keys.includes(key)),
    byOwner: (generation, wanted) => find(generation, ({ owner }) => owner === wanted),
    async add(generation, fresh) {
      beforeWrite('add')
      const before = rows
      try {
        return inForce(generation, () =>
          fresh.map((row) => {
            const known = rows.find((other) => other.generation === generation && other.row.lookup === row.lookup)
            return known?.row ?? put(generation, row)
          }),
        )
      } catch (error) {
        rows = before
        throw error
      }
    },
    page: async (generation, after, limit) =>
      inForce(generation, (those) => those.filter(({ no }) => no > after).slice(0, limit)),
    async stage(generation, stage, fresh) {
      beforeWrite('stage')
      return inForce(generation, () => {
        const staged = new Set(rows.filter((other) => other.generation === stage).map(({ row }) => row.lookup))
        for (const row of fresh) {
          if (!staged.has(row.lookup)) put(stage, row)
          staged.add(row.lookup)
        }
        return 'staged'
      })
    },
    async turnOver({ from, upTo, stage, head: next }) {
      beforeWrite('turnOver')
      return inForce(from, (those) => {
        if (those.some(({ no }) => no > upTo)) return 'more'
        rows = rows
          .filter(({ generation }) => generation === stage)
          .map((row) => ({ ...row, generation: next.generation }))
        head = { ...next, retired: [...new Set([...(head?.retired ?? []), ...next.retired])].sort() }
        return 'turned over'
      })
    },
    settle: async () => beforeWrite('settle'),
    async forget(version) {
      beforeWrite('forget')
      if (head !== undefined) head = { ...head, retired: head.retired.filter((other) => other !== version) }
    },
    close: async () => undefined,
  }
}
