// affidavit/capture: what an agent does becomes records while it does it (spec/capture.md).

export type { ApprovalDecision, ApprovalRequest } from './capture/ask-approval.ts'
export type { Audit } from './capture/audit.ts'
export type { AuditedLedger, Spool } from './capture/audited-ledger.ts'
export { type AuditOptions, createAudit } from './capture/create-audit.ts'
export type { DegradedPeriod } from './capture/degraded-period.ts'
export type { Delivered, Denial, Disclosure, Grant, PromptDecision, Revocation } from './capture/facts.ts'
export type { Policy, StepKind } from './capture/policy.ts'
export { openSpool, type SpoolOptions, type SpoolSize } from './capture/spool.ts'
export type * from './capture/steps.ts'
export type { ChangedBy } from './capture/versions.ts'
export type { CallWatch } from './capture/watch-calls.ts'
export type { ModelWork, Tool } from './capture/wrap.ts'
