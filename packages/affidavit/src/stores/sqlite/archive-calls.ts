// The archive, for threads that verify: they ask the thread that has it open, as keys and objects are opened once.

import { unreachable } from '../../errors/ledger-error.ts'
import type { FromArchive } from '../../verify/left.ts'
import type { ArchivedPlace, ArchiveOf, StoredArchive } from '../../verify/stored/archive.ts'
import type { StoredChunk } from '../../verify/stored/stored-log.ts'

/** Plain data: it crosses threads. */
export type ArchiveCall = { readonly kind: 'archive'; readonly call: number; readonly origin: string } & (
  | { readonly wants: 'entries'; readonly places: readonly ArchivedPlace[] }
  /** The next chunk of a payload that is read from its beginning under this number. */
  | { readonly wants: 'chunk'; readonly walk: number; readonly place: ArchivedPlace; readonly blob_id: string }
  | { readonly wants: 'nothing more'; readonly walk: number }
)

/** Plain data: it crosses threads. `undefined`: there is no archive, or no further chunk. */
export interface ArchiveAnswer {
  readonly kind: 'archived'
  readonly call: number
  readonly answer: readonly FromArchive[] | StoredChunk | undefined
}

export interface ArchiveCalls {
  readonly archiveOf: ArchiveOf
  settle(answer: ArchiveAnswer): void
}

/** For a thread that asks. */
export function archiveCalls(post: (call: ArchiveCall) => void): ArchiveCalls {
  const waiting = new Map<number, (answer: ArchiveAnswer['answer']) => void>()
  let calls = 0
  let walks = 0

  type Wanted = ArchiveCall extends infer Call
    ? Call extends ArchiveCall
      ? Omit<Call, 'kind' | 'call'>
      : never
    : never
  function ask(wanted: Wanted): Promise<ArchiveAnswer['answer']> {
    const call = calls++
    return new Promise((resolve) => {
      waiting.set(call, resolve)
      post({ kind: 'archive', call, ...wanted })
    })
  }

  function archiveFor(origin: string): StoredArchive {
    return {
      async entries(places) {
        const answer = await ask({ origin, wants: 'entries', places })
        return Array.isArray(answer) ? answer : []
      },
      async *chunks(place, blob_id) {
        const walk = walks++
        try {
          for (;;) {
            const chunk = await ask({ origin, wants: 'chunk', walk, place, blob_id })
            if (chunk === undefined || Array.isArray(chunk)) return
            yield chunk as StoredChunk
          }
        } finally {
          await ask({ origin, wants: 'nothing more', walk })
        }
      },
    }
  }

  return {
    archiveOf: archiveFor,
    settle({ call, answer }) {
      const resolve = waiting.get(call) ?? unreachable('an answer that nobody waits for')
      waiting.delete(call)
      resolve(answer)
    },
  }
}

/** For the thread that has the archive, one for each that asks. */
export function answerCalls(archiveOf: ArchiveOf): (call: ArchiveCall) => Promise<ArchiveAnswer> {
  const walks = new Map<number, AsyncIterator<StoredChunk>>()

  async function answerTo(call: ArchiveCall): Promise<ArchiveAnswer['answer']> {
    if (call.wants === 'nothing more') {
      const walk = walks.get(call.walk)
      walks.delete(call.walk)
      await walk?.return?.()
      return undefined
    }
    const archive = archiveOf(call.origin)
    if (archive === undefined) return undefined
    if (call.wants === 'entries') return archive.entries(call.places)
    const walk = walks.get(call.walk) ?? archive.chunks(call.place, call.blob_id)[Symbol.asyncIterator]()
    walks.set(call.walk, walk)
    const { done, value } = await walk.next()
    // With a piece of a buffer the whole of it would cross.
    return done === true ? undefined : value instanceof Uint8Array ? Uint8Array.from(value) : value
  }

  return async (call) => ({ kind: 'archived', call: call.call, answer: await answerTo(call) })
}
