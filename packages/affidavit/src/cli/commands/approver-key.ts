import type { Command } from 'commander'

import { makeApproverKey } from '../../embedded/approver-key.ts'
import { inOptions } from '../in-options.ts'
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
    .description(
      'Make the key that a person approves erasures, dispositions and releases of holds with, and print the line for the access policy.',
    )
    .requiredOption(
      '--out <file>',
      'where the secret goes: a file that does not exist yet, readable for its owner alone',
    )
    .option('--name <name>', 'what the key is called', 'approver')
    .addOption(jsonOption())
    .action(async ({ out, name, json }: Options) => {
      const file: NewFile = { option: '--out', path: out }
      refuseTaken(file)
      const { approval_key, secret } = await inOptions({ name: '--name' }, () => makeApproverKey(name))
      writeNewSecret(file, `${secret}\n`)
      if (json === true) {
        terminal.out(jsonDocument({ approval_key, file: out }))
        return
      }
      terminal.out(`${approval_key}\n`)
      terminal.err(`
  The secret is in ${out}: keep it where nobody else can use it.
  The line above is public. It goes into the access policy, as approval_key of the person who holds the secret.
`)
    })
}
