// An archive as a verifier reads it: what it refuses is an answer.

import { LedgerError } from '../errors/ledger-error.ts'
import type { ArchivedPlace, ArchiveReader } from '../ledger/archive-reader.ts'
import type { FromArchive } from '../verify/left.ts'
import type { StoredArchive } from '../verify/stored/archive.ts'

export function storedArchive(reader: ArchiveReader): StoredArchive {
  // Asked for together, and one by one only where one of them is not what was archived.
  async function ofSegment(places: readonly ArchivedPlace[]): Promise<readonly FromArchive[]> {
    try {
      return (await reader.entries(places)).map((bytes) => ({ bytes }))
    } catch (error) {
      const answer = answerOf(error)
      if ('unreadable' in answer || places.length === 1) return places.map(() => answer)
      const each: FromArchive[] = []
      for (const place of places) each.push(...(await ofSegment([place])))
      return each
    }
  }

  return {
    async entries(places) {
      const given = new Map<number, FromArchive>()
      for (const some of Map.groupBy(places, ({ segment }) => segment).values()) {
        const answers = await ofSegment(some)
        for (const [i, { seq }] of some.entries()) given.set(seq, answers[i] ?? NO_ANSWER)
      }
      return places.map(({ seq }) => given.get(seq) ?? NO_ANSWER)
    },
    async *chunks(place, blob_id) {
      try {
        yield* reader.chunks(place, blob_id)
      } catch (error) {
        const answer = answerOf(error)
        yield { unreadable: 'altered' in answer ? answer.altered : answer.unreadable }
      }
    },
  }
}

const NO_ANSWER: FromArchive = { unreadable: 'the archive gave no answer' }

function answerOf(error: unknown): { readonly altered: string } | { readonly unreadable: string } {
  if (!(error instanceof LedgerError)) throw error
  return error.code === 'archive-altered' ? { altered: error.problem } : { unreadable: error.problem }
}
