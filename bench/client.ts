// What an agent's process pays for a ledger on a server: its CPU with records that go there, against the same agent whose records go
// nowhere. Provider and server have processes of their own.

import { openLedger, type RemoteLedger } from 'affidavit'
import { auditOpenAI } from 'affidavit/adapters/openai'
import { type AuditedLedger, createAudit } from 'affidavit/capture'
import OpenAI from 'openai'

import type { Context } from './context.ts'
import { openNew } from './ledgers.ts'
import { answerOf, end, start } from './processes.ts'
import { WORDS } from './provider.ts'
import type { Row } from './report.ts'
import { compare, cpuSecondsOf, repeat } from './rounds.ts'
import { serveHome } from './serve.ts'

const AGENTS = 16
const TURNS = 4
/** Of an answer, as long as answers are. */
const TOKENS = 200

export async function measureClient({ ledgers, effort }: Context): Promise<Row[]> {
  const home = ledgers.emptyFolder()
  await (await openNew(home)).close()
  await using server = await serveHome(home)
  const provider = start('provider-process.ts')
  try {
    const bare = new OpenAI({ apiKey: 'none', baseURL: await answerOf<string>(provider) })
    await using ledger = await openLedger(server.url, { token: server.token })
    const nowhere = recordingNowhere(ledger)
    const rounds = await repeat(effort === 'quick' ? 5 : 15, async () => ({
      nowhere: await cpuSecondsOf(() => work(bare, nowhere)),
      there: await cpuSecondsOf(() => work(bare, ledger)),
    }))
    return [
      {
        measurement: 'client',
        what: `CPU of ${AGENTS} agents, answers of ${TOKENS} tokens, that record on a server`,
        against: 'the same agents whose records go nowhere',
        unit: 'ms a turn',
        ...compare(
          rounds.map(({ nowhere, there }) => ({ nowhere: perTurn(nowhere), there: perTurn(there) })),
          ({ there }) => there,
          ({ nowhere }) => nowhere,
        ),
        budget: { kind: 'at most', ratio: 1.1 },
      },
    ]
  } finally {
    await end(provider)
  }
}

function perTurn(seconds: number): number {
  return (1_000 * seconds) / (AGENTS * TURNS)
}

// What capture does of itself is not what the client adds.
function recordingNowhere(ledger: RemoteLedger): AuditedLedger {
  return {
    registry: ledger.registry,
    deriveId: ledger.deriveId,
    digest: ledger.digest,
    isRecorded: async () => false,
    versionInForce: ledger.versionInForce,
    append: async () => undefined,
  }
}

let conversations = 0

async function work(bare: OpenAI, ledger: AuditedLedger): Promise<void> {
  const audit = createAudit({ ledger, agent_name: 'assistant' })
  const client = auditOpenAI(bare, audit)
  const getChart = audit.tool('get_chart', ({ patient }: { patient: string }) => ({ patient, words: WORDS }))
  await Promise.all(
    Array.from({ length: AGENTS }, () =>
      audit.run({ conversation_id: `conversation-${conversations++}`, actor_id: 'dr-adams' }, async () => {
        for (let turn = 0; turn < TURNS; turn++) {
          await audit.message(`${turn} ${WORDS}`)
          const messages = [{ role: 'user', content: `${turn} ${WORDS}` } as const]
          const asked = { model: 'm', messages, stream: true, max_completion_tokens: TOKENS } as const
          for await (const _ of await client.chat.completions.create(asked));
          await getChart({ patient: `p-${turn}` })
        }
      }),
    ),
  )
  await audit.close()
}
