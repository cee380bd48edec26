import type { Command } from 'commander'

import { utf8 } from '../../bytes/text.ts'
import { type DispositionCertificate, openCertificate } from '../../disposition/certificate.ts'
import { openFolder } from '../../embedded/open.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { parseVerifierKey } from '../../formats/verifier-key.ts'
import type { DispositionStanding } from '../../ledger/dispose.ts'
import type { ErasureStanding } from '../../ledger/erase.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { linesOfCertificate } from '../describe-disposition.ts'
import { type NewFile, refuseTaken, writeNewFile } from '../new-file.ts'
import { jsonOption, keysOption, type LedgerOptions, ledgerOption, placeIn } from '../options.ts'
import { jsonDocument, table } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options extends LedgerOptions {
  readonly out?: string
  readonly json?: boolean
}

export function addCertificates(program: Command, { terminal }: Surroundings): void {
  program
    .command('certificates')
    .description('List what was erased and destroyed; show, and write again, the certificate of one disposition.')
    .argument('[id]', 'plan_sha256 of a disposition, or how it begins')
    .addOption(ledgerOption())
    .addOption(keysOption())
    .option('--out <file>', 'where the signed certificate goes: a new file')
    .addOption(jsonOption())
    .action(async (id: string | undefined, options: Options) => {
      const place = placeIn(options)
      const out: NewFile | undefined = options.out === undefined ? undefined : { option: '--out', path: options.out }
      if (out !== undefined) refuseTaken(out, place.home)
      await using ledger = await openFolder(place)
      const dispositions = await ledger.dispositions.standing()
      if (id === undefined) {
        const erasures = await ledger.erasures.standing()
        if (options.json === true) terminal.out(jsonDocument({ dispositions, erasures }))
        else terminal.out(table([['SEQ', 'WHAT', 'STATE', 'PLAN'], ...rowsOf(dispositions, erasures)], terminal.width))
        return
      }
      const signed = await ledger.dispositions.certificate(named(dispositions, id))
      const certificate = await opened(ledger, signed)
      if (out !== undefined) writeNewFile(out, signed)
      if (options.json === true) terminal.out(jsonDocument({ ...certificate }))
      else
        terminal.out(
          linesOfCertificate(certificate)
            .map((line) => `  ${line}\n`)
            .join(''),
        )
    })
}

function rowsOf(
  dispositions: readonly DispositionStanding[],
  erasures: readonly ErasureStanding[],
): readonly (readonly string[])[] {
  return [
    ...dispositions.map(({ seq, state, plan_sha256 }) => [seq, 'disposition', state, plan_sha256] as const),
    ...erasures.map((erasure) => [erasure.decision_seq, 'erasure', erasure.state, erasure.plan_sha256] as const),
  ]
    .sort(([one], [other]) => one - other)
    .map((row) => row.map(String))
}

function named(dispositions: readonly DispositionStanding[], id: string): string {
  const found = dispositions.filter(({ plan_sha256 }) => plan_sha256.startsWith(id))
  const [one] = found
  if (one !== undefined && found.length === 1) return one.plan_sha256
  throw new LedgerError('not-found', {
    problem: found.length === 0 ? 'no disposition has a plan_sha256 that begins so' : 'several begin so',
    cure: 'affidavit certificates lists them',
  })
}

/** What it says, after its signature holds under the key of the ledger. */
async function opened(ledger: Ledger, signed: string): Promise<DispositionCertificate> {
  const key = parseVerifierKey(await ledger.verifierKey())
  const read = 'code' in key ? key : openCertificate(utf8(signed), [key])
  if ('certificate' in read) return read.certificate
  throw new LedgerError('wrong-key', {
    problem: 'the certificate does not hold under the key of this ledger',
    cure: 'affidavit doctor says what is wrong with its keys',
  })
}
