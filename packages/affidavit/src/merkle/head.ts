import type { Hash } from '../crypto/sha256.ts'

/** What a checkpoint says of a tree: how many entries it has, and its root. */
export interface TreeHead {
  readonly size: number
  readonly root: Hash
}
