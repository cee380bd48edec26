import type { Command } from 'commander'

import { examine, type Finding } from '../examine.ts'
import { EXIT } from '../exit-codes.ts'
import { jsonOption, ledgerOption } from '../options.ts'
import { jsonDocument, type Style } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

const MARKS: Readonly<Record<Finding['state'], { mark: string; style: Style }>> = {
  ok: { mark: '✓', style: 'green' },
  warn: { mark: '!', style: 'yellow' },
  fail: { mark: '✗', style: 'red' },
}

export function addDoctor(program: Command, { terminal, exit }: Surroundings): void {
  program
    .command('doctor')
    .description(
      'Look at the surroundings of a ledger: runtime, disk, rights, keys, checkpoints, clock. Changes nothing.',
    )
    .addOption(ledgerOption())
    .addOption(jsonOption())
    .action(async (options: { readonly ledger: string; readonly json?: boolean }) => {
      const findings = await examine(options.ledger)
      if (options.json === true)
        terminal.out(jsonDocument({ ok: findings.every(({ state }) => state !== 'fail'), findings }))
      else {
        for (const { state, about, says, cure } of findings) {
          const { mark, style } = MARKS[state]
          terminal.out(
            `  ${terminal.style(style, mark)} ${about.padEnd(16)} ${says}${cure === undefined ? '' : `\n${' '.repeat(21)}cure: ${cure}`}\n`,
          )
        }
      }
      exit(findings.some(({ state }) => state === 'fail') ? EXIT.unavailable : EXIT.ok)
    })
}
