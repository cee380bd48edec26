// What a client needs to write, and nothing of what others wrote (spec/http.md §9).

import Type from 'typebox'

import { toBase64 } from '../../bytes/base64.ts'
import { expectOwnAgent } from '../own-agent.ts'
import { about, answerSchema, inLedger, type Routes } from './route.ts'

const params = Type.Object(inLedger)

export function addWriter(app: Routes): void {
  app.get(
    '/writer',
    about(
      {
        operation: 'getWriter',
        needs: 'append',
        summary: 'The key of digests, the actions and the registry of the ledger',
      },
      { params, response: { 200: answerSchema } },
    ),
    async ({ asked: { served } }, reply) => {
      const { digestKey, actions } = served.ledger.writing
      reply.header('Cache-Control', 'no-store')
      return {
        origin: served.ledger.origin,
        digest_key: toBase64(digestKey.export()),
        actions,
        ...(served.registryText === undefined ? {} : { registry: served.registryText }),
      }
    },
  )

  app.get(
    '/writer/records/:id',
    about(
      {
        operation: 'isRecorded',
        needs: 'append',
        summary: 'Whether a record has this id: what sending its draft again would tell',
      },
      {
        params: Type.Object({ ...inLedger, id: Type.String() }),
        response: { 200: Type.Object({ id: Type.String(), recorded: Type.Boolean() }) },
      },
    ),
    async ({ asked, params: { id } }) => ({ id, recorded: await asked.served.ledger.isRecorded(id) }),
  )

  app.get(
    '/writer/versions',
    about(
      {
        operation: 'getVersionInForce',
        needs: 'append',
        summary: 'The version of an agent’s prompt or model that was announced last',
      },
      {
        params,
        querystring: Type.Object(
          { action: Type.Enum(['prompt_changed', 'model_changed']), agent_name: Type.String() },
          { additionalProperties: false },
        ),
        response: { 200: answerSchema },
      },
    ),
    async (request) => {
      const { asked, query } = request
      const { action, agent_name } = query
      await expectOwnAgent(request, agent_name)
      const found = await asked.served.ledger.versionInForce(action, agent_name)
      // Its text is content: whoever writes reads none.
      return { version: found === undefined ? null : { id: found.id, version: found.version } }
    },
  )
}
