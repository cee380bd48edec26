// Verifying a ledger, as affidavit verify does: whole, one conversation, or what came behind a checkpoint (spec/verification.md).

import Type, { type TSchema } from 'typebox'

import { approversIn, recordVerification } from '../../embedded/record-verification.ts'
import { type Part, verifyLedger } from '../../embedded/verify-ledger.ts'
import { parseVerifierKey, type VerifierKey } from '../../formats/verifier-key.ts'
import { fewAtOnce } from '../../ledger/few-at-once.ts'
import type { Trust } from '../../verify/trust.ts'
import { RequestFault } from '../problem.ts'
import { expectWhole } from '../whole.ts'
import { about, inLedger, type Routes } from './route.ts'

const place = {
  seq: Type.Optional(Type.Integer({ minimum: 0 })),
  id: Type.Optional(Type.String()),
  what: Type.Optional(Type.String()),
}
const axis = Type.Object({ verdict: Type.String(), says: Type.String() }, { additionalProperties: false })

/** As `affidavit verify --json` has it. */
const reportSchema: TSchema = Type.Object(
  {
    status: Type.Enum(['valid', 'tampered', 'incomplete', 'empty']),
    records_checked: Type.Integer({ minimum: 0 }),
    broken_at: Type.Union([Type.Object(place, { additionalProperties: false }), Type.Null()]),
    axes: Type.Object(
      { content: axis, order: axis, completeness: axis, signer: axis, time: axis, anchor: axis },
      { additionalProperties: false },
    ),
    not_checked: Type.Array(Type.String()),
    findings: Type.Array(
      Type.Object(
        {
          axis: Type.String(),
          weight: Type.Enum(['tampered', 'incomplete']),
          code: Type.String(),
          problem: Type.String(),
          ...place,
        },
        { additionalProperties: false },
      ),
    ),
    findings_count: Type.Integer({ minimum: 0 }),
    subject: Type.Object(
      {
        kind: Type.Enum(['ledger', 'range', 'conversation']),
        origin: Type.Optional(Type.String()),
        size: Type.Optional(Type.Integer({ minimum: 0 })),
        root: Type.Optional(Type.String()),
        conversation_id: Type.Optional(Type.String()),
      },
      { additionalProperties: false },
    ),
    recorded: Type.Boolean({ description: 'what was tampered with is left as it is' }),
    not_recorded_because: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

interface Wanted {
  readonly conversation_id?: string
  readonly since?: string
}

export function addVerifications(app: Routes): void {
  // Each takes every core of the machine.
  const oneAtATime = fewAtOnce(1)

  app.post(
    '/verifications',
    about(
      {
        operation: 'verify',
        needs: 'verify',
        summary: 'Verify the ledger: whole, one conversation, or what came behind a checkpoint',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          {
            conversation_id: Type.Optional(Type.String({ minLength: 1 })),
            since: Type.Optional(Type.String({ description: 'the signed note of a checkpoint that you trust' })),
            content: Type.Optional(
              Type.Enum(['listed', 'read', 'opened'], {
                description:
                  'of sealed content: that it is there (where left out), every byte of it, or also what it opens to',
              }),
            ),
            vkeys: Type.Optional(
              Type.Array(Type.String(), {
                description: 'verifier keys to trust; where left out, the key that the ledger names',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: reportSchema },
      },
    ),
    async ({ asked, body }) => {
      expectWhole(asked)
      const { place, ledger } = asked.served
      const wanted = {
        part: partOf(body),
        content: body.content ?? 'listed',
        trust: trustOf(body.vkeys ?? []),
        anchors: [],
        approvers: approversIn(place.home),
        keys: 'used',
      } as const
      const report = await oneAtATime(() => verifyLedger(place, wanted))
      const taking = { as: () => asked.reading, origin: ledger.origin }
      const recording = await recordVerification(place, report, asked.reader, { operation: 'verify', ledger: taking })
      return { ...report, ...recording }
    },
  )
}

function partOf({ conversation_id, since }: Wanted): Part {
  if (conversation_id !== undefined && since !== undefined)
    throw new RequestFault('invalid-request', 'conversation_id and since ask for two verifications', {
      cure: 'send one of them a request',
      path: 'since',
    })
  if (conversation_id !== undefined) return { kind: 'conversation', conversation_id }
  return since === undefined ? { kind: 'whole', indexes: 'compared' } : { kind: 'since', note: since }
}

function trustOf(vkeys: readonly string[]): Trust {
  return vkeys.length === 0 ? { kind: 'first use' } : { kind: 'pinned', keys: vkeys.map(keyOf) }
}

function keyOf(text: string, at: number): VerifierKey {
  const key = parseVerifierKey(text)
  if (!('code' in key)) return key
  throw new RequestFault('invalid-request', `vkeys[${at}] is no verifier key (${key.code})`, {
    cure: 'it looks like clinic.example/agents/0123456789abcdef+01234567+AZ…; init and log.vkey show it',
    path: `vkeys[${at}]`,
  })
}
