// Who may do what by the access policy of a ledger: people by name and role (spec/access.md).

import Type, { type TSchema } from 'typebox'

import { readAccess } from '../../embedded/access.ts'
import { about, inLedger, type Routes } from './route.ts'

const accessSchema: TSchema = Type.Object(
  {
    policy: Type.Union([
      Type.Object(
        {
          revision: Type.String(),
          digest: Type.String(),
          people: Type.Record(Type.String(), Type.Object({ roles: Type.Array(Type.String()) })),
          everybody_else: Type.Array(Type.String()),
        },
        { additionalProperties: false },
      ),
      Type.Null({ description: 'there is none: nobody approves anything' }),
    ]),
  },
  { additionalProperties: false },
)

export function addAccess(app: Routes): void {
  app.get(
    '/access',
    about(
      { operation: 'getAccess', needs: 'administer', summary: 'Who may do what by the access policy; no keys' },
      { params: Type.Object(inLedger), response: { 200: accessSchema } },
    ),
    async ({ asked: { served, reading } }) => {
      await reading.recorded('search', { action: 'records_viewed', operation: 'access', results: [] })
      const access = readAccess(served.place.home)
      if (access === undefined) return { policy: null }
      const { revision, digest, people, everybody_else } = access
      const named = [...people].map(([name, { roles }]) => [name, { roles }])
      return { policy: { revision, digest, people: Object.fromEntries(named), everybody_else } }
    },
  )
}
