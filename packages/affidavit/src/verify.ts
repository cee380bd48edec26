// affidavit/verify: the auditor's side. Files and pinned keys in, a report out; it needs no ledger and no package.

export type { Authority } from './disposition/authority.ts'
export type { DispositionCertificate } from './disposition/certificate.ts'
export {
  type Disposal,
  type Disposals,
  type DispositionRecord,
  disposalsIn,
} from './disposition/disposals.ts'
export { type DispositionPapers, parseDispositionPapers } from './disposition/disposition-papers.ts'
export { type JudgedPapers, judgePapers, type PapersFault } from './disposition/judge-papers.ts'
export type { DispositionPlan } from './disposition/plan.ts'
export {
  type CheckpointLog,
  type CheckpointLogFault,
  type CheckpointRecord,
  parseCheckpointLog,
  type TornRecord,
} from './formats/checkpoint-log.ts'
export { parseSegmentKeys, type SegmentKeyFile } from './formats/segment-key-file.ts'
export {
  evaluateQuorum,
  type PolicyFault,
  parseTrustPolicy,
  type QuorumTally,
  type TrustedLog,
  type TrustedWitness,
  type TrustPolicy,
  type WitnessGroup,
} from './formats/trust-policy.ts'
export {
  formatVerifierKey,
  type KeyType,
  parseVerifierKey,
  type VerifierKey,
  type VerifierKeyFault,
} from './formats/verifier-key.ts'
export type { Anchor } from './verify/anchors.ts'
export { type ArchiveVerification, createArchiveVerification } from './verify/archive.ts'
export { VerifyError } from './verify/error.ts'
export { type ExportOptions, verifyExport } from './verify/export.ts'
export type { Axis, Finding, FindingCode, Place, Weight } from './verify/finding.ts'
export { verifyProof } from './verify/proof.ts'
export { type AxisReport, type Report, type Status, sentence } from './verify/report.ts'
export type { ExpectedSegment, SegmentBytes, SegmentTrust } from './verify/segment.ts'
export type { Trust } from './verify/trust.ts'
