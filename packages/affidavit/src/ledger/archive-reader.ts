// What a ledger needs of its archive to read what has left the database (spec/archive.md §5).

/** Where the bytes of an entry lie. */
export interface ArchivedPlace {
  readonly seq: number
  /** Id of the segment: 32 lower-case hex digits. */
  readonly segment: string
  /** Number of the block in it, from 0. */
  readonly block: number
}

export interface ArchiveReader {
  /**
   * The exact bytes of each entry, in the order asked. Whoever asks holds them against the leaf hash.
   * @throws LedgerError `archive-unavailable`, `archive-altered`
   */
  entries(places: readonly ArchivedPlace[]): Promise<readonly Uint8Array[]>

  /**
   * The chunks of a sealed payload that the entry at this place names, in their order.
   * @throws LedgerError `archive-unavailable`, `archive-altered`
   */
  chunks(place: ArchivedPlace, blob_id: string): AsyncIterable<Uint8Array>
}
