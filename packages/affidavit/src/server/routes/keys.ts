// API keys, made and revoked by whoever administers (spec/sign-in.md §1).

import Type from 'typebox'

import { API_ROLE_NAMES } from '../../access/api-roles.ts'
import { readApiKeys } from '../../embedded/api-keys.ts'
import { createApiKey, revokeApiKey } from '../../embedded/change-api-keys.ts'
import type { Asked } from '../asked.ts'
import { about, inLedger, type Routes } from './route.ts'

const optional = Type.Optional(Type.String())
const scopeSchema = Type.Object(
  { agents: Type.Optional(Type.Array(Type.String(), { minItems: 1 })), from: optional, until: optional },
  { additionalProperties: false },
)
const keySchema = Type.Object({
  id: Type.String(),
  role: Type.Enum([...API_ROLE_NAMES]),
  actor: Type.String(),
  scope: Type.Optional(scopeSchema),
  created: Type.String(),
  expires: optional,
  revoked: optional,
})

export function addKeys(app: Routes): void {
  app.get(
    '/keys',
    about(
      { operation: 'listKeys', needs: 'administer', summary: 'API keys: what each is for, and no key' },
      { params: Type.Object(inLedger), response: { 200: Type.Object({ keys: Type.Array(keySchema) }) } },
    ),
    async ({ asked }) => {
      const { place, ledger } = asked.served
      const keys = readApiKeys(place.home).map(({ sha256: _, ...key }) => key)
      await asked.reading.recorded('search', { action: 'records_viewed', operation: 'keys', results: [] })
      return { ledger: ledger.origin, keys }
    },
  )

  app.post(
    '/keys',
    about(
      { operation: 'createKey', needs: 'administer', summary: 'Makes an API key, which this answer alone shows' },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          {
            role: Type.Enum([...API_ROLE_NAMES]),
            actor: optional,
            expires: Type.Optional(Type.String({ description: 'RFC 3339, UTC, milliseconds' })),
            scope: Type.Optional(scopeSchema),
          },
          { additionalProperties: false },
        ),
        response: { 201: Type.Object({ key: Type.String(), ...keySchema.properties }) },
      },
    ),
    async ({ asked, body }, reply) => {
      const made = await createApiKey(placeOf(asked), body)
      return reply.code(201).header('Cache-Control', 'no-store').send(made)
    },
  )

  app.delete(
    '/keys/:id',
    about(
      { operation: 'revokeKey', needs: 'administer', summary: 'Revokes an API key: from now on it opens nothing' },
      { params: Type.Object({ ...inLedger, id: Type.String() }), response: { 200: keySchema } },
    ),
    async ({ asked, params }) => {
      const { sha256: _, ...key } = await revokeApiKey(placeOf(asked), params.id)
      return key
    },
  )
}

function placeOf({ served, reader }: Asked): Parameters<typeof createApiKey>[0] {
  return { ledger: served.ledger, home: served.place.home, by: reader }
}
