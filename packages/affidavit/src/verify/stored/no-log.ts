// The log of a ledger that its store does not list: everything of it is gone.

import type { StoredLog } from './stored-log.ts'

export const NO_LOG: StoredLog = {
  reach: async () => 0,
  count: async () => 0,
  checkpoints: async () => [],
  newestCheckpoints: async () => [],
  checkpointsAbove: async () => [],
  entry: async () => undefined,
  entriesOf: async (ids) => ids.map(() => undefined),
  conversation: async () => [],
  entriesOfAction: nothing,
  entriesAt: async (places) => places.map(() => undefined),
  nodes: async (ids) => ids.map(() => undefined),
  stretch: nothing,
  entriesWithContent: nothing,
  firstNamings: async (_, names) => names.map(() => true),
  payloadHeads: async (blob_ids) => blob_ids.map(() => undefined),
  chunks: nothing,
}

async function* nothing(): AsyncGenerator<never> {}
