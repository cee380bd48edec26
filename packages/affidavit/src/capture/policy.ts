// What happens to a step whose record cannot be made (spec/capture.md §2).

import { LedgerError } from '../errors/ledger-error.ts'

export const STEP_KINDS = ['message', 'model', 'tool', 'data', 'approval', 'grant'] as const
export type StepKind = (typeof STEP_KINDS)[number]
/** `block`: it does not happen. `spool`: its record waits on disk. */
export type Policy = 'block' | 'spool'
export type Policies = Readonly<Record<StepKind, Policy>>

const MAY_WAIT: ReadonlySet<StepKind> = new Set<StepKind>(['message', 'model'])

/**
 * The policy of each kind of step. What is not named blocks; messages and model calls go to the spool where there is one.
 * @throws LedgerError `invalid-query` where a name or a policy is none, or where there is no spool for what asks for it
 */
export function policiesOf(given: Readonly<Partial<Record<StepKind, Policy>>>, hasSpool: boolean): Policies {
  for (const [kind, policy] of Object.entries(given)) checkPolicy(kind, policy, hasSpool)
  const policyOf = (kind: StepKind): Policy => given[kind] ?? (hasSpool && MAY_WAIT.has(kind) ? 'spool' : 'block')
  return {
    message: policyOf('message'),
    model: policyOf('model'),
    tool: policyOf('tool'),
    data: policyOf('data'),
    approval: policyOf('approval'),
    grant: policyOf('grant'),
  }
}

function checkPolicy(kind: string, policy: unknown, hasSpool: boolean): void {
  if (!STEP_KINDS.some((one) => one === kind))
    throw refused(kind, `${JSON.stringify(kind)} is no kind of step`, `kinds are ${STEP_KINDS.join(', ')}`)
  if (policy !== 'block' && policy !== 'spool')
    throw refused(kind, `${JSON.stringify(policy)} is no policy`, 'say block or spool')
  if (policy === 'spool' && !hasSpool)
    throw refused(
      kind,
      `${kind} is to go to a spool, and there is none`,
      'open one: createAudit({ ledger, spool: await openSpool({ folder, ledger }) })',
    )
}

function refused(kind: string, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem, cure, path: `policy.${kind}` })
}
