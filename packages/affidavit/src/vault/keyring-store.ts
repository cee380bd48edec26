// The seam between a keyring and what keeps its rows. A keyring store sees sealed bytes and digests only; its contract suite
// is testing/contract-keyring-store.ts, and every implementation passes it (spec/vault.md §4).

/** The generation in force: what opens its rows, and which key-encryption keys are still to be destroyed. */
export interface KeyringHead {
  /** From 1, one more with each turn-over. */
  readonly generation: number
  readonly kek_version: string
  /** The keyring key of this generation, wrapped under that version. */
  readonly wrapped_key: Uint8Array
  /** Versions of earlier generations that were not destroyed yet. */
  readonly retired: readonly string[]
}

export const ROW_KINDS = ['scope', 'identity', 'content', 'note'] as const

/** A row as kept: nothing in it can be read without the keyring key of its generation. */
export interface KeyringRow {
  readonly kind: (typeof ROW_KINDS)[number]
  /** Scope id or token; of a content its ledger and blob_id; of a note its topic and name. */
  readonly key: string
  /** What it is found by: 64 lower-case hex digits. */
  readonly lookup: string
  /** What the rows of one owner are found by: 64 lower-case hex digits. */
  readonly owner: string
  readonly sealed: Uint8Array
}

export interface NumberedRow {
  /** Ascending in the order of adding. */
  readonly no: number
  readonly row: KeyringRow
}

/** The generation that was named is not, or no longer, in force: ask for the head again. */
export type Superseded = 'superseded'

export interface KeyringStore {
  head(): Promise<KeyringHead | undefined>

  /** Makes the first head, durable when it resolves; answers the head that is there where there is one. */
  begin(head: KeyringHead): Promise<KeyringHead>

  /** The rows of these look-ups, in any order; those that are not there are left out. */
  find(generation: number, lookups: readonly string[]): Promise<readonly KeyringRow[] | Superseded>

  /** The rows of these keys, in any order; those that are not there are left out. */
  byKeys(generation: number, keys: readonly string[]): Promise<readonly KeyringRow[] | Superseded>

  /** All rows of an owner. */
  byOwner(generation: number, owner: string): Promise<readonly KeyringRow[] | Superseded>

  /**
   * Adds rows in one transaction, durable when it resolves. A look-up that is there already keeps its row: answers the row
   * in force for each, in the order given.
   */
  add(generation: number, rows: readonly KeyringRow[]): Promise<readonly KeyringRow[] | Superseded>

  /** Rows with numbers above `after`, ascending. */
  page(generation: number, after: number, limit: number): Promise<readonly NumberedRow[] | Superseded>

  /**
   * Puts rows beside those of the generation in force, for a turn-over; nobody finds them. `stage` is a number of the
   * caller's choice, negative. A look-up that is in the stage already keeps its row.
   */
  stage(generation: number, stage: number, rows: readonly KeyringRow[]): Promise<'staged' | Superseded>

  /**
   * In one transaction: the rows of `stage` become those of the next generation, and `head` says so. No other row is found
   * any more, and all are removed, the stages of others too. `more`: rows of the generation in force were added beyond `upTo`, and nothing was done.
   */
  turnOver(turn: {
    readonly from: number
    /** The highest row number that was looked at. */
    readonly upTo: number
    readonly stage: number
    readonly head: KeyringHead
  }): Promise<'turned over' | 'more' | Superseded>

  /**
   * Resolves when all that can be seen survives a loss of power, and what cannot be seen never comes back: a killed process,
   * or a failed sync, may leave a commit that is only in memory, or only in the file. Asked before a key is destroyed.
   */
  settle(): Promise<void>

  /** Takes a version off the list of the retired ones: it was destroyed. */
  forget(version: string): Promise<void>

  /** Waits for what was begun and lets go of every resource. */
  close(): Promise<void>
}
