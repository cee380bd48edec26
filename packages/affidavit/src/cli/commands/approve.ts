import { type Command, Option } from 'commander'

import { decodeUtf8 } from '../../bytes/text.ts'
import { formatTimestamp, systemClock } from '../../clock/clock.ts'
import { readApprovable } from '../../embedded/approvable.ts'
import { approve } from '../../embedded/approve.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import type { ApprovalKind, Decision } from '../../papers/approval.ts'
import { APPROVAL_DAYS } from '../../papers/judge-approval.ts'
import { linesOfApprovable } from '../describe-approvable.ts'
import { inOptions } from '../in-options.ts'
import { type NewFile, refuseTaken, writeNewFile } from '../new-file.ts'
import { jsonOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import { readInput } from '../read-input.ts'
import type { Surroundings } from '../surroundings.ts'

interface Options {
  readonly key: string
  readonly as: string
  readonly out: string
  readonly refuse?: boolean
  readonly json?: boolean
}

export function addApprove(program: Command, surroundings: Surroundings): void {
  addApproveOf(program, surroundings, ['erasure', 'disposition', 'hold release'])
    .description(
      'Show in words what somebody planned, and sign that you approve it, or refuse it. Carries nothing out.',
    )
    .argument('<plan>', 'the plan of an erasure or a disposition, or the release of a hold: a file')
}

/** `dispose approve` signs nothing but the plan of a disposition. */
export function addApproveDisposition(dispose: Command, surroundings: Surroundings): void {
  addApproveOf(dispose, surroundings, ['disposition'])
    .description('Show the plan in words, and sign that you approve it, or refuse it. Destroys nothing.')
    .argument('<plan>', 'the plan of a disposition: a file')
}

function addApproveOf(parent: Command, { terminal }: Surroundings, kinds: readonly ApprovalKind[]): Command {
  return parent
    .command('approve')
    .requiredOption('--key <file>', 'your approver key')
    .requiredOption('--as <person>', 'your name in the access policy')
    .option('--refuse', 'sign that you refuse it')
    .addOption(new Option('--out <file>', 'where the signed note goes: a new file').makeOptionMandatory())
    .addOption(jsonOption())
    .action(async (file: string, options: Options) => {
      const out: NewFile = { option: '--out', path: options.out }
      refuseTaken(out)
      const paper = readInput('plan', file)
      const key = (decodeUtf8(readInput('--key', options.key)) ?? '').trimEnd()
      const { as: person, refuse } = options
      const decision = refuse === true ? 'refuse' : 'approve'
      const at = systemClock.now()
      await inOptions({ paper: `plan: ${file}`, person: '--as', key: `--key: ${options.key}`, at: 'plan' }, () => {
        const planned = readApprovable(paper)
        if (!kinds.includes(planned.kind)) throw forAnotherAct(planned.kind)
        terminal.err(
          `${linesOfApprovable(planned)
            .map((line) => `  ${line}\n`)
            .join('')}\n`,
        )
        writeNewFile(out, approve(paper, { person, key, at, decision }))
        const { ledger, plan_id, plan_sha256 } = planned
        const approval = { ledger, plan_id, plan_sha256, approver: person, approved_at: formatTimestamp(at), decision }
        if (options.json === true) terminal.out(jsonDocument({ ...approval, file: options.out }))
        else terminal.err(saidOf(decision, person, plan_sha256, options.out))
      })
    })
}

function forAnotherAct(kind: ApprovalKind): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `paper: it is for another act (${kind})`,
    cure: 'affidavit approve signs it',
    path: 'paper',
  })
}

function saidOf(decision: Decision, approver: string, plan_sha256: string, file: string): string {
  const done = decision === 'approve' ? `approved for ${APPROVAL_DAYS} days` : 'refused'
  return `${done}, as ${approver}: ${file}\n  plan_sha256 ${plan_sha256}\n`
}
