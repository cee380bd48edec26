// What an operator does: keys are replaced, a clock that jumped is accepted (spec/sequencing.md §7, spec/vault.md §8).

import Type, { type TSchema } from 'typebox'

import type { Asked } from '../asked.ts'
import { about, inLedger, type Routes } from './route.ts'

const rotatedSchema: TSchema = Type.Union([
  Type.Object(
    {
      of: Type.Literal('checkpoints'),
      verifier_key: Type.String({ description: 'C2SP vkey: signs from this checkpoint on' }),
      size: Type.Integer({ minimum: 0 }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      of: Type.Literal('keyring'),
      keyring_generation: Type.Integer({ minimum: 1 }),
      old_version: Type.String(),
      new_version: Type.String(),
      retired_key_versions: Type.Array(Type.String(), { description: 'still to be destroyed' }),
      seq: Type.Integer({ minimum: 0 }),
    },
    { additionalProperties: false },
  ),
])

export function addOperation(app: Routes): void {
  app.post(
    '/key-rotations',
    about(
      {
        operation: 'rotateKey',
        needs: 'operate',
        summary: 'Replace the key that signs checkpoints, or the key-encryption key of the keyring, on record',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object({ of: Type.Enum(['checkpoints', 'keyring']) }, { additionalProperties: false }),
        response: { 201: rotatedSchema },
      },
    ),
    async ({ asked, body }, reply) =>
      reply.code(201).send(body.of === 'keyring' ? await rotateKeyring(asked) : await rotateCheckpointKey(asked)),
  )

  app.post(
    '/clock-confirmations',
    about(
      {
        operation: 'confirmClock',
        needs: 'operate',
        summary: 'Accept a clock that jumped forward by more than a day, on record; nothing where it did not',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object({ reason: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
        response: { 204: Type.Null({ description: 'it is accepted' }) },
      },
    ),
    async ({ asked, body }, reply) => {
      const { served, principal } = asked
      await served.ledger.confirmClock({ actor_id: principal.actor_id, reason: body.reason })
      return reply.code(204).send(null)
    },
  )
}

async function rotateCheckpointKey({ served, reader }: Asked): Promise<object> {
  const { verifierKey: verifier_key, checkpoint } = await served.ledger.rotateKey(reader)
  return { of: 'checkpoints', verifier_key, size: checkpoint.size }
}

async function rotateKeyring({ served, reader }: Asked): Promise<object> {
  const { generation: keyring_generation, ...rotated } = await served.ledger.rotateKeyring(reader)
  return { of: 'keyring', keyring_generation, ...rotated }
}
