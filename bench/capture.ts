// What an agent feels of its audit: a model call through an adapter against the bare call, and how many records agents that run
// side by side make, against as many appends of the same drafts.

import type { Server } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

import type { Draft, Ledger } from 'affidavit'
import { auditOpenAI } from 'affidavit/adapters/openai'
import { type Audit, createAudit, openSpool } from 'affidavit/capture'
import OpenAI from 'openai'

import { appendConcurrently } from './callers.ts'
import type { Context } from './context.ts'
import { openNew } from './ledgers.ts'
import { baseUrl, PROVIDER_MILLIS, startProvider, WORDS } from './provider.ts'
import type { Row } from './report.ts'
import { compare, median, repeat, secondsOf } from './rounds.ts'

const CALLS = 30
const AGENTS = 64
const TURNS = 12

export async function measureCapture({ ledgers, effort }: Context): Promise<Row[]> {
  const server = await startProvider()
  try {
    const rounds = effort === 'quick' ? 5 : 15
    return [
      ...(await measureCalls(await openNew(ledgers.emptyFolder()), ledgers.emptyFolder(), server, rounds)),
      await measureAgents(ledgers, effort === 'quick' ? 3 : 8),
    ]
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function measureCalls(opened: Ledger, folder: string, server: Server, rounds: number): Promise<Row[]> {
  await using ledger = opened
  const bare = new OpenAI({ apiKey: 'none', baseURL: baseUrl(server) })
  const spool = await openSpool({ folder, ledger })
  let answered: Draft | undefined
  const append: Ledger['append'] = (draft) => {
    if (draft.action === 'agent_response_generated') answered = draft
    return ledger.append(draft)
  }
  await using spooling = createAudit({ ledger: { ...ledger, append }, agent_name: 'assistant', spool })
  await using blocking = createAudit({ ledger, agent_name: 'assistant' })
  const sides = {
    bare: { client: bare, run: <T>(work: () => T): T => work() },
    spool: { client: auditOpenAI(bare, spooling), run: runOf(spooling) },
    block: { client: auditOpenAI(bare, blocking), run: runOf(blocking) },
  }
  type Times = { readonly whole: number; readonly first: number }
  const measured = await repeat(rounds, async () => {
    const times: Record<keyof typeof sides, Times[]> = { bare: [], spool: [], block: [] }
    const commits: number[] = []
    for (let n = 0; n < CALLS; n++) {
      times.bare.push(await timesOf(sides.bare))
      times.spool.push(await timesOf(sides.spool))
      times.block.push(await timesOf(sides.block))
      // As a call leaves it: a process that waited has other things in its caches.
      await wait(PROVIDER_MILLIS)
      commits.push(1_000 * (await secondsOf(() => ledger.append(onceMore(answered, n)))))
    }
    const p50 = (side: keyof typeof sides, what: keyof Times): number => median(times[side].map((one) => one[what]))
    return { p50, commit: median(commits) }
  })
  const row = (what: string, against: string, figures: ReturnType<typeof compare>, ratio?: number): Row => ({
    measurement: 'capture',
    what,
    against,
    unit: 'ms',
    ...figures,
    ...(ratio === undefined ? {} : { budget: { kind: 'at most', ratio } as const }),
  })
  type Round = (typeof measured)[number]
  const added =
    (side: 'spool' | 'block') =>
    (round: Round): number =>
      round.p50(side, 'whole') - round.p50('bare', 'whole')
  const commit = (round: Round): number => round.commit
  const first =
    (side: 'bare' | 'spool') =>
    (round: Round): number =>
      round.p50(side, 'first')
  return [
    row(
      'a model call through an adapter adds, p50',
      'one durable commit',
      compare(measured, added('spool'), commit),
      1,
    ),
    row('the same where the policy is to block', 'one durable commit', compare(measured, added('block'), commit)),
    row(
      'time to the first token of a stream, p50',
      'the bare call',
      compare(measured, first('spool'), first('bare')),
      1.1,
    ),
  ]
}

function runOf(audit: Audit): <T>(work: () => T) => T {
  let n = 0
  return (work) => audit.run({ conversation_id: `conversation-${n++ % 8}`, actor_id: 'dr-adams' }, work)
}

let asked = 0

async function timesOf({
  client,
  run,
}: {
  client: OpenAI
  run: <T>(work: () => T) => T
}): Promise<{ whole: number; first: number }> {
  return run(async () => {
    const messages = [{ role: 'user', content: `${asked++} ${WORDS}` } as const]
    const begun = performance.now()
    await client.chat.completions.create({ model: 'm', messages })
    const whole = performance.now() - begun
    const askedAt = performance.now()
    let first: number | undefined
    for await (const _ of await client.chat.completions.create({ model: 'm', messages, stream: true })) {
      first ??= performance.now() - askedAt
    }
    return { whole, first: first ?? Number.NaN }
  })
}

/** What is recorded of an answer, as another record: other contents, in another conversation. */
function onceMore(answered: Draft | undefined, n: number): Draft {
  if (answered === undefined) throw new Error('no answer was recorded')
  const { id, parent_id, producer_id, producer_seq, content = [], ...draft } = answered
  const others = content.map((one) => ({ ...one, body: `${n} ${String(one.body)}` }))
  return { ...draft, conversation_id: `plain-${n % 8}`, content: others }
}

/** The drafts of agents that run side by side, and the time that both ways take. */
async function measureAgents(ledgers: Context['ledgers'], rounds: number): Promise<Row> {
  await using audited = await openNew(ledgers.emptyFolder())
  await using plain = await openNew(ledgers.emptyFolder())
  let series = 0
  const measured = await repeat(rounds, async () => {
    const drafts: Draft[] = []
    const append: Ledger['append'] = (draft) => {
      drafts.push(draft)
      return audited.append(draft)
    }
    const ledger = { ...audited, append }
    const audit = createAudit({ ledger, agent_name: 'assistant' })
    const seconds = await secondsOf(() =>
      Promise.all(Array.from({ length: AGENTS }, (_, n) => work(audit, `${series}-${n}`))),
    )
    series++
    await audit.close()
    return { ours: drafts.length / seconds, plain: await appendConcurrently(plain, drafts, AGENTS) }
  })
  return {
    measurement: 'capture',
    what: `records of ${AGENTS} agents at once`,
    against: `the same drafts appended by ${AGENTS} callers`,
    unit: 'records/s',
    ...compare(
      measured,
      ({ ours }) => ours,
      ({ plain: appended }) => appended,
    ),
    budget: { kind: 'at least', ratio: 0.7 },
  }
}

async function work(audit: Audit, conversation: string): Promise<void> {
  const getChart = audit.tool('get_chart', ({ patient }: { patient: string }) => ({ patient, words: WORDS }))
  await audit.run({ conversation_id: conversation, actor_id: 'dr-adams' }, async () => {
    for (let turn = 0; turn < TURNS; turn++) {
      await audit.message(`${turn} ${WORDS}`)
      await audit.modelCall({ model: 'm', parameters: { turn } }, () => ({ turn, words: WORDS }))
      await getChart({ patient: `p-${turn}` })
    }
  })
}
