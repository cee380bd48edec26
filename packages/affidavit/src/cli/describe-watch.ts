// What a watcher says, for people and for scripts.

import type { WatchRun } from '../watch/run.ts'
import type { WatchVerdict } from '../watch/state.ts'
import type { WatchEvent } from '../watch/watch-event.ts'
import { EXIT, type ExitCode, exitCodeOfReport } from './exit-codes.ts'
import { counted } from './output.ts'

/** One line, or a few. */
export function describeEvent(event: WatchEvent): string {
  switch (event.kind) {
    case 'run':
      return describeRun(event.run)
    case 'fault':
      return `not verified: ${problemOf(event.error)}\n  code: ${event.code}\n`
    case 'alert':
      return `alert ${event.alert.number}: ${event.alert.type}\n`
    case 'delivery':
      return describeDelivery(event.delivered)
  }
}

function describeRun({ verdict, standing, recording }: WatchRun): string {
  const { at, run, status, records_checked } = verdict
  const checked = `${at}  ${status.toUpperCase()}  ${run}, ${counted(records_checked, 'record')} checked`
  const found = verdict.findings_count === 0 ? '' : `  ${findingsSay(verdict)}`
  const stands = standing.status === status ? '' : `; ${standing.status} since ${standing.at}: ${findingsSay(standing)}`
  const missing = recording.recorded ? '' : `; not recorded: ${recording.not_recorded_because}`
  return `${checked}${found}${stands}${missing}\n`
}

/** The kinds of what was found, each with its first place. */
export function findingsSay({ findings }: WatchVerdict): string {
  return findings.map(({ code, seq }) => (seq === undefined ? code : `${code} at ${seq}`)).join(', ')
}

function describeDelivery({ taken, waiting, problem }: (WatchEvent & { kind: 'delivery' })['delivered']): string {
  const wait = waiting === 0 ? '' : `, ${counted(waiting, 'alert')} waiting`
  return `${counted(taken, 'alert')} delivered${wait}${problem === undefined ? '' : `: ${problem}`}\n`
}

export function jsonOfEvent(event: WatchEvent): object {
  switch (event.kind) {
    case 'run': {
      const { verdict, standing, recording } = event.run
      return { event: 'run', ...verdict, standing: standing.status, ...recording }
    }
    case 'fault':
      return { event: 'fault', code: event.code, problem: problemOf(event.error) }
    case 'alert':
      return { event: 'alert', id: event.alert.id, ...JSON.parse(event.alert.text) }
    case 'delivery':
      return { event: 'delivery', ...event.delivered }
  }
}

function problemOf(error: unknown): string {
  if (error instanceof Error && 'problem' in error) return String(error.problem)
  return error instanceof Error ? error.message : String(error)
}

/** As that of `verify`, over what stands: what a complete run found is not forgotten by one that read less. */
export function exitCodeOfRun({ report, standing }: WatchRun): ExitCode {
  const own = exitCodeOfReport(report)
  if (own !== EXIT.ok || standing.status === 'valid' || standing.status === report.status) return own
  return standing.status === 'tampered' ? EXIT.tampered : EXIT.notVerified
}
