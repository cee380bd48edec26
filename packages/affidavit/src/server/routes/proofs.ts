// Proofs of records, for whoever is to check them elsewhere (spec/proof.md).

import Type from 'typebox'

import { whichOf } from './records.ts'
import { about, inLedger, type Routes, textAnswer } from './route.ts'

export function addProofs(app: Routes): void {
  app.get(
    '/records/:id/proof',
    about(
      {
        operation: 'getProof',
        needs: 'search',
        summary: 'The C2SP proof file of a record: that it is in the log, under a signed checkpoint',
      },
      {
        params: Type.Object({ ...inLedger, id: Type.String({ description: 'the id of a record, or its seq' }) }),
        response: { 200: textAnswer('a C2SP tlog-proof') },
      },
    ),
    async ({ asked, params }, reply) =>
      reply.type('text/plain; charset=utf-8').send(await asked.reading.prove(whichOf(params.id))),
  )
}
