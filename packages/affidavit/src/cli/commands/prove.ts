import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'

import { openFolder } from '../../embedded/open.ts'
import { notFound } from '../../ledger/own-records.ts'
import { jsonOption, ledgerOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { whichRecord } from './show.ts'

interface Options {
  readonly ledger: string
  readonly out: string
  readonly entry?: string
  readonly json?: boolean
}

export function addProve(program: Command, { terminal }: Surroundings): void {
  program
    .command('prove')
    .description('Write the proof that a record is in the ledger (C2SP tlog-proof), for anyone to verify offline.')
    .argument('<id>', 'the id of a record, or its seq')
    .addOption(ledgerOption())
    .requiredOption('--out <file>', 'where the proof goes')
    .option('--entry <file>', 'write the exact bytes of the record there too')
    .addOption(jsonOption())
    .action(async (which: string, options: Options) => {
      await using ledger = await openFolder(options.ledger)
      const wanted = whichRecord(which)
      const record = typeof wanted === 'string' ? await ledger.get(wanted) : await ledger.at(wanted)
      if (record === undefined) throw notFound(wanted)
      writeFileSync(options.out, await ledger.prove(record.seq))
      if (options.entry !== undefined) {
        for await (const { entry } of ledger.entries({ from_seq: record.seq, until_seq: record.seq + 1 }))
          writeFileSync(options.entry, entry)
      }
      const key = await ledger.verifierKey()
      if (options.json === true)
        terminal.out(
          jsonDocument({
            id: record.id,
            seq: record.seq,
            integrity_hash: record.integrity_hash,
            proof: options.out,
            verifier_key: key,
          }),
        )
      else
        terminal.err(
          `Proof of seq ${record.seq} written to ${options.out}. To verify it, anywhere:\n  affidavit verify --proof ${options.out} --entry ${options.entry ?? 'ENTRY'} --vkey ${key}\n`,
        )
    })
}
