// What was erased and destroyed, and the papers of it (spec/http.md §10).

import Type, { type TSchema } from 'typebox'

import { viewed } from '../../embedded/viewed.ts'
import { formatPlan } from '../../erasure/plan.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { dispositionsOf, erasuresOf } from '../acting.ts'
import type { Asked } from '../asked.ts'
import { expectWhole } from '../whole.ts'
import { dispositionStandings } from './dispositions.ts'
import { erasureStandings } from './erasures.ts'
import { about, inLedger, type Routes } from './route.ts'

const papersSchema: TSchema = Type.Object(
  {
    kind: Type.Enum(['disposition', 'erasure']),
    certificate: Type.String({ description: 'signed note' }),
    plan: Type.String({ description: 'the text of the paper' }),
    manifest: Type.Optional(Type.String({ description: 'of a disposition: the list of what went' })),
    approval: Type.String({ description: 'signed note; empty where a delay on record took its place' }),
  },
  { additionalProperties: false },
)

export function addCertificates(app: Routes): void {
  app.get(
    '/certificates',
    about(
      { operation: 'listCertificates', needs: 'search', summary: 'What was erased, and what was destroyed' },
      {
        params: Type.Object(inLedger),
        response: {
          200: Type.Object(
            { dispositions: dispositionStandings, erasures: erasureStandings },
            { additionalProperties: false },
          ),
        },
      },
    ),
    async ({ asked }) => {
      expectWhole(asked)
      const { ledger } = asked.served
      const [dispositions, erasures] = [await ledger.dispositions.standing(), await ledger.erasures.standing()]
      const results = [...dispositions.map(({ seq }) => seq), ...erasures.map(({ decision_seq }) => decision_seq)]
      await viewed({ as: () => asked.reading }, asked.reader, { operation: 'certificates', results })
      return { dispositions, erasures }
    },
  )

  app.get(
    '/certificates/:plan_sha256',
    about(
      {
        operation: 'getCertificate',
        needs: 'search',
        summary: 'A signed certificate, with what it is held against: affidavit/verify judges them',
      },
      {
        params: Type.Object({ ...inLedger, plan_sha256: Type.String() }),
        response: { 200: papersSchema },
      },
    ),
    async ({ asked, params }) => {
      expectWhole(asked)
      return papersOf(asked, params.plan_sha256)
    },
  )
}

async function papersOf(asked: Asked, plan_sha256: string): Promise<object> {
  const { ledger } = asked.served
  const isOf = (one: { readonly plan_sha256: string }): boolean => one.plan_sha256 === plan_sha256
  if ((await ledger.dispositions.standing()).some(isOf))
    return { kind: 'disposition', ...(await dispositionsOf(asked).papers(plan_sha256)) }
  if ((await ledger.erasures.standing()).some(isOf)) {
    const { certificate, plan, approval } = await erasuresOf(asked).papers(plan_sha256)
    return { kind: 'erasure', certificate, plan: textOf(formatPlan(plan)), approval: textOf(approval) }
  }
  throw new LedgerError('not-found', {
    problem: 'no plan with this plan_sha256 is on record',
    cure: 'GET certificates lists those that are',
    path: 'plan_sha256',
  })
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}
