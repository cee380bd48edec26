// Exports: made as a job, and fetched file by file (spec/export.md, spec/http.md §6).

import { createReadStream } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import Type, { type TSchema } from 'typebox'

import { systemClock } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { recordExport } from '../../evidence/record-export.ts'
import type { AppParts } from '../app-parts.ts'
import { createExportJobs, type ExportJobs } from '../export-jobs.ts'
import { filterSchema } from '../search.ts'
import { expectWhole } from '../whole.ts'
import { about, bytesAnswer, inLedger, problemSchema, type Routes } from './route.ts'

const oneExport = { ...inLedger, id: Type.String() }

const progress = { id: Type.String(), records: Type.Integer({ minimum: 0 }), of: Type.Integer({ minimum: 0 }) }
const fileSchema = Type.Object(
  { path: Type.String(), bytes: Type.Integer({ minimum: 0 }), sha256: Type.String() },
  { additionalProperties: false },
)

const jobSchema: TSchema = Type.Union([
  Type.Object({ ...progress, state: Type.Literal('running') }, { additionalProperties: false }),
  Type.Object({ ...progress, state: Type.Literal('failed'), error: problemSchema }, { additionalProperties: false }),
  Type.Object(
    {
      ...progress,
      state: Type.Literal('done'),
      files: Type.Array(fileSchema),
      deleted_at: Type.String({ description: 'until when it can be fetched' }),
    },
    { additionalProperties: false },
  ),
])

const SWEEP_MILLIS = 60_000

export function addExports(app: Routes, { clock = systemClock }: Pick<AppParts, 'clock'>): void {
  const jobs = createExportJobs(clock, (err) => app.log.error({ err }, 'a bug of ours'))
  sweepWhile(app, jobs)

  app.post(
    '/exports',
    about(
      {
        operation: 'startExport',
        needs: 'export',
        summary: 'Export records with their proofs: that is on record, and made while you ask how far it is',
      },
      {
        params: Type.Object(inLedger),
        body: Type.Object(
          {
            filter: Type.Optional(Type.Object(filterSchema, { additionalProperties: false })),
            requester: Type.Optional(
              Type.String({ description: 'who asked for it: stands on the cover; who signed in where left out' }),
            ),
            reason: Type.Optional(Type.String({ description: 'why: stands on the cover, and in the record about it' })),
            time_zone: Type.Optional(Type.String({ description: 'IANA; stands on the cover; UTC where left out' })),
          },
          { additionalProperties: false },
        ),
        response: { 202: jobSchema },
      },
    ),
    async ({ asked, body, params }, reply) => {
      // A cover cannot say of which agents it is.
      if (asked.principal.scope?.agents !== undefined) expectWhole(asked)
      const { requester = asked.principal.actor_id, time_zone: timeZone = 'UTC', reason } = body
      const filter = asked.reading.exportable(body.filter ?? {})
      const said = reason === undefined ? {} : { reason }
      await recordExport(asked.served.ledger, asked.reading, { filter, ...said })
      const job = await jobs.start(asked.principal, asked.served.ledger, { filter, requester, timeZone, ...said })
      const place = `/v1/ledgers/${encodeURIComponent(String(params.ledger))}/exports/${job.id}`
      return reply.code(202).header('Location', place).send(job)
    },
  )

  app.get(
    '/exports/:id',
    about(
      { operation: 'getExport', needs: 'export', summary: 'How far an export is, and its files when it is done' },
      { params: Type.Object(oneExport), response: { 200: jobSchema } },
    ),
    async ({ asked, params }) => {
      const job = await jobs.find(asked.principal, params.id)
      if (job === undefined) throw noExport()
      return job
    },
  )

  app.get(
    '/exports/:id/files/*',
    about(
      { operation: 'getExportFile', needs: 'export', summary: 'A file of an export, by its path' },
      {
        params: Type.Object({ ...oneExport, '*': Type.String({ description: 'path of the file' }) }),
        response: { 200: bytesAnswer('the file') },
      },
    ),
    async ({ asked, params }, reply) => {
      const file = await jobs.file(asked.principal, params.id, params['*'])
      if (file === undefined) throw noExport()
      return reply
        .type('application/octet-stream')
        .header('Content-Length', file.bytes)
        .header('Repr-Digest', `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`)
        .send(createReadStream(file.place))
    },
  )

  app.delete(
    '/exports/:id',
    about(
      { operation: 'deleteExport', needs: 'export', summary: 'Stop an export where it is made, and delete it' },
      { params: Type.Object(oneExport), response: { 204: Type.Null({ description: 'it is gone' }) } },
    ),
    async ({ asked, params }, reply) => {
      if (!(await jobs.remove(asked.principal, params.id))) throw noExport()
      return reply.code(204).send(null)
    },
  )
}

function sweepWhile(app: Pick<FastifyInstance, 'addHook' | 'log'>, jobs: ExportJobs): void {
  const sweep = (): Promise<void> =>
    jobs.sweep().catch((err: unknown) => app.log.error({ err }, 'an export whose time is over was not deleted'))
  const sweeping = setInterval(sweep, SWEEP_MILLIS)
  sweeping.unref()
  app.addHook('onClose', async () => {
    clearInterval(sweeping)
    await jobs.close()
  })
}

function noExport(): LedgerError {
  return new LedgerError('not-found', {
    problem: 'there is no such export for this credential, or none any more',
    cure: 'POST exports makes one; it is kept for a day',
  })
}
