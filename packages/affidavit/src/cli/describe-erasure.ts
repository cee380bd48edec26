// The certificate of an erasure in words, for whoever asks what became of content.

import type { ErasureCertificate } from '../erasure/certificate.ts'
import { counted, printable } from './output.ts'

export function linesOfErasure(certificate: ErasureCertificate): string[] {
  const { subjects, conversations, records, payloads, bytes, damaged } = certificate
  return [
    `${certificate.state.padEnd(14)}${counted(payloads, 'payload')} of ${counted(records, 'record')}, ${counted(bytes, 'byte')}`,
    `ledger        ${certificate.ledger}`,
    `of            ${counted(subjects, 'subject')} and ${counted(conversations, 'conversation')}`,
    `decided       at seq ${certificate.decision_seq}; outcome at seq ${certificate.outcome_seq}`,
    `plan          ${certificate.plan_sha256}`,
    `approval      ${certificate.approval_sha256}`,
    `keyring       gone from generation ${certificate.keyring_generation} on`,
    ...(damaged === 0 ? [] : [`damaged       ${counted(damaged, 'payload')} of others, lost too`]),
    ...certificate.destroyed_key_versions.map((version) => `destroyed     ${version}`),
    ...certificate.retired_key_versions.map((version) => `stands        ${version}`),
    ...certificate.copies.map(({ kind, where, state }) => `copy          ${kind} ${where}: ${state}`),
    ...certificate.says.map((sentence) => `says          ${sentence}`),
  ].map(printable)
}
