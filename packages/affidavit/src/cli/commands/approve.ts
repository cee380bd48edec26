import { type Command, Option } from 'commander'

import { labelProblem } from '../../bytes/label.ts'
import { decodeUtf8 } from '../../bytes/text.ts'
import { formatTimestamp, systemClock } from '../../clock/clock.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { MAX_LABEL_BYTES } from '../../formats/fields.ts'
import { parseSignerKey, type SignerKey } from '../../formats/signer-key.ts'
import { type Approval, type ApprovalKind, type Decision, signApproval } from '../../papers/approval.ts'
import { APPROVAL_DAYS } from '../../papers/judge-approval.ts'
import { type NewFile, refuseTaken, writeNewFile } from '../new-file.ts'
import { jsonOption } from '../options.ts'
import { jsonDocument } from '../output.ts'
import { type Approvable, readApprovable } from '../read-approvable.ts'
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
    .action((file: string, options: Options) => {
      const out: NewFile = { option: '--out', path: options.out }
      refuseTaken(out)
      const plan = readApprovable(file)
      if (!kinds.includes(plan.kind))
        throw refused('plan', `${file} is for another act (${plan.kind})`, 'affidavit approve signs it')
      const key = readKey(options.key)
      terminal.err(`${plan.lines.map((line) => `  ${line}\n`).join('')}\n`)
      const approval = approvalOf(plan, options)
      writeNewFile(out, signApproval(plan.kind, approval, key))
      if (options.json === true) terminal.out(jsonDocument({ ...approval, file: options.out }))
      else terminal.err(saidOf(approval, options.out))
    })
}

function readKey(file: string): SignerKey {
  const key = parseSignerKey((decodeUtf8(readInput('--key', file)) ?? '').trimEnd())
  if ('code' in key)
    throw refused('--key', `${file} holds no approver key (${key.code})`, 'affidavit approver-key makes one')
  if (key.verifierKey.type === 'ed25519') return key
  throw refused(
    '--key',
    `${file} holds a key of type ${key.verifierKey.type}`,
    'affidavit approver-key makes one of type ed25519',
  )
}

/** What the ledger would refuse later is refused here, where the person can still mend it. */
function approvalOf(plan: Approvable, { as: approver, refuse }: Options): Approval {
  const decision: Decision = refuse === true ? 'refuse' : 'approve'
  const problem = labelProblem(approver, MAX_LABEL_BYTES)
  if (problem !== undefined) throw refused('--as', `this name ${problem}`, 'write it as the access policy has it')
  if (approver === plan.made_by)
    throw refused('--as', 'you have made this plan yourself', `let somebody else approve it who is a ${plan.role}`)
  if (decision === 'approve' && plan.refused_count > 0)
    throw refused(
      'plan',
      'it has records that must stay readable',
      'refuse it with --refuse, and have another plan made',
    )
  const approved_at = formatTimestamp(systemClock.now())
  if (approved_at < plan.made_at)
    throw refused('plan', `it was made at ${plan.made_at}, and this clock says ${approved_at}`, 'set the clock')
  const { ledger, plan_id, plan_sha256 } = plan
  return { ledger, plan_id, plan_sha256, approver, approved_at, decision }
}

function saidOf({ decision, approver, plan_sha256 }: Approval, file: string): string {
  const done = decision === 'approve' ? `approved for ${APPROVAL_DAYS} days` : 'refused'
  return `${done}, as ${approver}: ${file}\n  plan_sha256 ${plan_sha256}\n`
}

function refused(path: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${path}: ${problem}`, cure, path })
}
