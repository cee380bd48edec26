import type { Command } from 'commander'

import { LedgerError } from '../../errors/ledger-error.ts'
import { isKeyName } from '../../formats/note.ts'
import { formatSignerKey, generateSignerKey } from '../../formats/signer-key.ts'
import { formatVerifierKey } from '../../formats/verifier-key.ts'
import { type NewFile, refuseTaken, writeNewSecret } from '../new-file.ts'
import { jsonOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly out: string
  readonly name: string
  readonly json?: boolean
}

export function addApproverKey(program: Command, { terminal }: Surroundings): void {
  program
    .command('approver-key')
    .description('Make the key that a person approves erasures with, and print the line for the access policy.')
    .requiredOption(
      '--out <file>',
      'where the secret goes: a file that does not exist yet, readable for its owner alone',
    )
    .option('--name <name>', 'what the key is called', 'approver')
    .addOption(jsonOption())
    .action(({ out, name, json }: Options) => {
      if (!isKeyName(name)) throw refusedName()
      const file: NewFile = { option: '--out', path: out }
      refuseTaken(file)
      const key = generateSignerKey(name, 'ed25519')
      writeNewSecret(file, `${formatSignerKey(key)}\n`)
      const vkey = formatVerifierKey(key.verifierKey)
      if (json === true) {
        terminal.out(jsonDocument({ approval_key: vkey, file: out }))
        return
      }
      terminal.out(`${vkey}\n`)
      terminal.err(`
  The secret is in ${out}: keep it where nobody else can use it.
  The line above is public. It goes into the access policy, as approval_key of the person who holds the secret.
`)
    })
}

function refusedName(): LedgerError {
  return new LedgerError('invalid-query', {
    problem: '--name: a key name is not empty, and has no white space, plus or control character',
    cure: 'for example --name approver/kim',
    path: '--name',
  })
}
