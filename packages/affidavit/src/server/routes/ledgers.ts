// Which ledgers a credential is for, and how one is (spec/http.md §9).

import Type from 'typebox'

import { actsOf } from '../../access/policy.ts'
import { about, answerSchema, inLedger, type Routes } from './route.ts'

export function addLedgers(app: Routes): void {
  app.get(
    '/v1/ledgers',
    about(
      {
        operation: 'listLedgers',
        needs: 'any',
        summary: 'The ledgers that this credential is for, in whose name, and what it may do',
      },
      {
        response: {
          200: Type.Object({
            ledgers: Type.Array(
              Type.Object({
                ledger: Type.String(),
                origin: Type.String(),
                verifier_key: Type.String(),
                actor_id: Type.String(),
                actor_type: Type.String(),
                acts: Type.Array(Type.String()),
              }),
            ),
          }),
        },
      },
    ),
    async ({ asked: { served, principal } }) => {
      const { actor_id, actor_type, roles } = principal
      const { name, ledger } = served
      const verifier_key = await ledger.verifierKey()
      return {
        ledgers: [{ ledger: name, origin: ledger.origin, verifier_key, actor_id, actor_type, acts: actsOf(roles) }],
      }
    },
  )
}

export function addHealth(app: Routes): void {
  app.get(
    '/health',
    about(
      {
        operation: 'getHealth',
        needs: 'any',
        summary: 'How many records there are, and how many more the queue takes',
      },
      { params: Type.Object(inLedger), response: { 200: answerSchema } },
    ),
    async ({ asked }) => asked.served.ledger.health(),
  )
}
