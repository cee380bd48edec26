// Verifying an export in one thread, against sha256sum of its entries: where that tool is missing, Node's own hash.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'

import { openFolder } from '../packages/affidavit/src/embedded/open.ts'
import { exportLedger } from '../packages/affidavit/src/evidence/export.ts'
import { verifyExport } from '../packages/affidavit/src/verify/export.ts'
import type { Trust } from '../packages/affidavit/src/verify/trust.ts'
import type { Context } from './context.ts'
import type { Row } from './report.ts'
import { compare, repeat, secondsOf } from './rounds.ts'
import { pinnedKey } from './verify.ts'

export async function measureExport({ ledgers, effort }: Context): Promise<Row[]> {
  const records = effort === 'quick' ? 20_000 : 100_000
  const folder = await ledgers.withRecords(records)
  const out = ledgers.emptyFolder()
  await exportTo(folder, out)
  const trust = await pinnedKey(folder)
  const entries = join(out, 'entries.jsonl')
  const sum = spawnSync('sha256sum', [entries]).status === 0 ? sha256sum : ownSha256
  const rounds = await repeat(3, async () => ({
    ours: records / (await secondsOf(() => verifyWell(out, trust))),
    sum: records / (await secondsOf(() => sum(entries))),
  }))
  return [
    {
      measurement: 'export',
      what: `verify an export of ${records} records`,
      against: sum === sha256sum ? 'sha256sum of entries.jsonl' : 'one hash over entries.jsonl',
      unit: 'records/s',
      ...compare(
        rounds,
        ({ ours }) => ours,
        ({ sum }) => sum,
      ),
      budget: { kind: 'at least', ratio: 0.1 },
    },
  ]
}

async function exportTo(folder: string, out: string): Promise<void> {
  await using ledger = await openFolder(folder)
  await exportLedger(ledger, { out, filter: {}, timeZone: 'UTC' })
}

async function verifyWell(folder: string, trust: Trust): Promise<void> {
  const { status, findings } = await verifyExport(folder, { trust, anchors: [] })
  if (status !== 'valid') throw new Error(`the export is ${status}: ${JSON.stringify(findings[0])}`)
}

function sha256sum(file: string): void {
  spawnSync('sha256sum', [file])
}

async function ownSha256(file: string): Promise<void> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  hash.digest()
}
