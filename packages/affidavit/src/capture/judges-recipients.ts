// Whether a registry keeps anything from anybody: then nothing is handed over before the ledger has judged it (spec/registry.md §8).

import type { Registry } from '../registry/registry.ts'

export function judgesRecipients(registry: Registry | undefined): boolean {
  if (registry === undefined) return false
  const { unknown_recipients, recipients } = registry
  return unknown_recipients === 'block' || recipients.all.some(({ entry }) => entry.on_violation === 'block')
}
