// Verifying a ledger on a server without trusting it (spec/client.md): what it exports is verified here, by the same code as any export.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { RemoteLedger } from '../../client/remote-ledger.ts'
import type { Report } from '../../verify/report.ts'
import type { ReaderOptions } from '../options.ts'
import { progressOn, type Terminal } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { readerOn } from './open.ts'

interface Asked extends ReaderOptions {
  readonly conversation?: string
}

/** @throws LedgerError what the server says, and what `verify` throws */
export async function verifyOnServer(
  remote: RemoteLedger,
  options: Asked,
  { env, terminal }: Pick<Surroundings, 'env'> & { readonly terminal: Terminal },
  verify: (folder: string) => Promise<Report>,
): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-verify-'))
  try {
    const out = join(folder, 'export')
    const { conversation: conversation_id } = options
    await remote.as(readerOn(remote, options, env)).exported({
      out,
      reason: 'verification',
      onProgress: progressOn(terminal, 'fetched'),
      ...(conversation_id === undefined ? {} : { filter: { conversation_id } }),
    })
    return await verify(out)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
