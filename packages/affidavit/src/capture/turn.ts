// A turn of a conversation: the messages of the user that began it, and what was accessed in it (spec/capture.md §1).

export interface Turn {
  /** Messages of the user that are on record, or on their way there. */
  readonly messages: { readonly id: string; readonly digest: string }[]
  /** Whether a model is asked about them. */
  state: 'gathering' | 'asked'
  /** Agents whose request with them is on record. */
  readonly askedBy: Set<string>
  /** Ids of the records of data that was accessed. */
  readonly accessed: string[]
}

export function newTurn(): Turn {
  return { messages: [], state: 'gathering', askedBy: new Set(), accessed: [] }
}
