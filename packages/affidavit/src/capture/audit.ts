// The audit of an agent: its public face, wired from the parts (spec/capture.md).

import { uuidV7 } from '../bytes/uuid.ts'
import { type Alarm, systemAlarm } from '../clock/alarm.ts'
import { type Clock, formatTimestamp, systemClock } from '../clock/clock.ts'
import { createRandomSource } from '../crypto/random.ts'
import { beginApproval } from './approval.ts'
import { type ApprovalDecision, type ApprovalRequest, askApproval } from './ask-approval.ts'
import type { AuditedLedger, Spool } from './audited-ledger.ts'
import { beginBeside, type Steps } from './begin.ts'
import { createConversations, newConversation } from './conversations.ts'
import type { DegradedPeriod } from './degraded-period.ts'
import { createEnding } from './end-conversation.ts'
import {
  type Delivered,
  type Denial,
  type Disclosure,
  decidePrompt,
  delivered,
  deny,
  disclose,
  type Grant,
  grant,
  message,
  type PromptDecision,
  type Revocation,
  revoke,
} from './facts.ts'
import { judgesRecipients } from './judges-recipients.ts'
import { laterLaunches } from './later-launches.ts'
import { beginModelCall } from './model-call.ts'
import { type Policy, policiesOf, type StepKind } from './policy.ts'
import { createRecorder } from './recorder.ts'
import { createWhere, newRun, type Whereabouts } from './run.ts'
import { readContext } from './run-context.ts'
import { startConversation } from './start-conversation.ts'
import type { Capture, RunContext, Touching } from './steps.ts'
import { stoppedOperations } from './stopped-operations.ts'
import { beginToolCall } from './tool-call.ts'
import { type ChangedBy, createVersions } from './versions.ts'
import { type CallWatch, watchCalls } from './watch-calls.ts'
import { accessData, auditedTool, callModel, type ModelWork, type Tool } from './wrap.ts'

export interface AuditParts {
  readonly ledger: AuditedLedger
  readonly spool?: Spool
  readonly agent_name?: string
  readonly changed_by?: ChangedBy
  readonly producer_id: string
  readonly policy?: Readonly<Partial<Record<StepKind, Policy>>>
  readonly idleMinutes: number
  readonly clock?: Clock
  readonly alarm?: Alarm
}

export interface Audit extends Capture, AsyncDisposable {
  /** Does some work in somebody's name: every step in it, however deep, belongs to this conversation. @throws LedgerError `invalid-query` */
  run<T>(context: RunContext, work: () => T): T
  /** The tool with each call of it on record, before it runs and after. */
  tool<Arguments extends unknown[], Result>(
    tool: string | Tool<Arguments>,
    run: (...given: Arguments) => Result | Promise<Result>,
  ): (...given: Arguments) => Promise<Result>
  /** Accesses data, on record before it is accessed and after. */
  dataAccess<Result>(touching: Touching, access: () => Result | Promise<Result>): Promise<Result>
  /** Calls a model that no adapter knows. */
  modelCall<Result>(work: ModelWork<Result>, call: () => Result | Promise<Result>): Promise<Result>
  /** A message of the user. Resolves with the id of its record. */
  message(text: string): Promise<string>
  /** The answer reached the user. */
  delivered(how?: Delivered): Promise<string>
  /** Asks for an approval, and resolves with the decision once it is on record. */
  approval<Decision extends ApprovalDecision>(
    request: ApprovalRequest,
    decide: () => Promise<Decision> | Decision,
  ): Promise<Decision>
  grant(grant: Grant): Promise<string>
  revoke(revocation: Revocation): Promise<string>
  deny(denial: Denial): Promise<string>
  disclose(disclosure: Disclosure): Promise<string>
  /** Somebody approved a version of a prompt, or refused it. */
  decidePrompt(decision: PromptDecision): Promise<string>
  /** The version that a call with these instructions and tools would be made under. */
  promptVersion(instructions: readonly unknown[], tools: readonly unknown[]): string
  /**
   * Looks out for requests to providers of models that no adapter made, of `fetch` and node:http in this process, and puts them on record.
   * `hosts` are watched besides those that are known: `llm.example.com`, `*.example.com`.
   */
  watch(hosts?: readonly string[]): CallWatch
  /** Ends a conversation; that of the run where none is named. */
  endConversation(conversation_id?: string): Promise<void>
  /** The time during which the ledger takes no records; absent while it does. */
  degraded(): DegradedPeriod | undefined
  /** Waits for what is on its way, and lets go. The ledger stays open: it is its owner's. @throws LedgerError where something could not be recorded */
  close(): Promise<void>
}

export function openAudit(parts: AuditParts): Audit {
  const { ledger, spool, agent_name, changed_by, producer_id, clock = systemClock, alarm = systemAlarm } = parts
  const policies = policiesOf(parts.policy ?? {}, spool !== undefined)
  const where = createWhere()
  const random = createRandomSource()
  const conversations = createConversations(() => clock.elapsed())
  const newId = (): string => uuidV7(Math.floor(clock.now()), random(10))
  const recorder = createRecorder({ ledger, spool, producer_id, clock, alarm, newId })

  const steps: Steps = {
    ledger,
    recorder,
    policies,
    versions: createVersions({
      ledger,
      changed_by,
      announce: (draft) => beginBeside(steps, [{ kind: 'model', draft, once: true }]),
    }),
    where,
    later: laterLaunches(),
    judgesRecipients: judgesRecipients(ledger.registry),
    operations: stoppedOperations(),
    whereabouts,
    newId,
    acting(run) {
      conversations.touch(run.conversation)
      const timestamp = formatTimestamp(Math.floor(clock.now()))
      return { run, agent_name: run.context?.agent_name ?? agent_name, timestamp }
    },
    started: (run) => startConversation(steps, run),
  }
  const ending = createEnding({ steps, conversations, idleMinutes: parts.idleMinutes, clock, alarm })

  // Outside of a run nothing is remembered from one step to the next: they need not belong together.
  function whereabouts(): Whereabouts {
    return where.getStore() ?? { run: newRun(undefined, newConversation(undefined), undefined) }
  }

  function run<T>(given: RunContext, work: () => T): T {
    const context = readContext(given)
    const conversation = conversations.of(context.conversation_id)
    ending.watch()
    return where.run({ run: newRun(context, conversation, where.getStore()?.run) }, work)
  }

  const audit: Audit = {
    beginModelCall: (step) => beginModelCall(steps, step),
    beginToolCall: (step) => beginToolCall(steps, step),
    beginApproval: (step) => beginApproval(steps, step),
    run,
    tool: (tool, work) => auditedTool(steps, tool, work),
    dataAccess: (touching, access) => accessData(steps, touching, access),
    modelCall: (work, call) => callModel(steps, work, call),
    message: (text) => message(steps, text),
    delivered: (how = {}) => delivered(steps, how),
    approval: (request, decide) => askApproval(steps, request, decide),
    grant: (given) => grant(steps, given),
    revoke: (revocation) => revoke(steps, revocation),
    deny: (denial) => deny(steps, denial),
    disclose: (disclosure) => disclose(steps, disclosure),
    decidePrompt: (decision) => decidePrompt(steps, decision),
    promptVersion: (instructions, tools) => steps.versions.versionOf({ instructions, tools }),
    watch: (hosts = []) => watchCalls(steps, hosts),
    endConversation: (conversation_id) => ending.end(conversation_id),
    degraded: () => recorder.degraded(),
    close() {
      ending.stop()
      steps.later.now()
      return recorder.close()
    },
    [Symbol.asyncDispose]: () => audit.close(),
  }
  return audit
}
