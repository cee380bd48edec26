// An agent of the AI SDK, audited: what it asks a model, what the model answers and what its tools do is on record, or does not happen.
// Run it: node --conditions=affidavit-source examples/ai-sdk.ts
import { openLedger } from 'affidavit'
import { aiSdkTelemetry } from 'affidavit/adapters/ai-sdk'
import { createAudit } from 'affidavit/capture'
import { generateText, isStepCount, jsonSchema, registerTelemetry, tool } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents' })
await using audit = createAudit({ ledger, agent_name: 'clinic' })
registerTelemetry(aiSdkTelemetry(audit))

// Answers in a provider's place, so that this runs without a key. With a key: openai('gpt-5').
const usage = {
  inputTokens: { total: 9, noCache: 9, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
}
const call = { type: 'tool-call', toolCallId: 'call-1', toolName: 'get_chart', input: '{"patient":"p-42"}' } as const
const said = { type: 'text', text: 'Better not, with your kidneys.' } as const
const model = new MockLanguageModelV4({
  doGenerate: [
    { content: [call], finishReason: { unified: 'tool-calls', raw: undefined }, usage, warnings: [] },
    { content: [said], finishReason: { unified: 'stop', raw: undefined }, usage, warnings: [] },
  ],
})

const inputSchema = jsonSchema<{ patient: string }>({ type: 'object', properties: { patient: { type: 'string' } } })
const execute = async ({ patient }: { patient: string }) => `${patient}: chronic kidney disease`
const tools = { get_chart: tool({ description: 'Opens a chart.', inputSchema, execute }) }

const { text } = await audit.run({ conversation_id: 'visit-1', actor_id: 'u-17' }, () =>
  generateText({ model, tools, prompt: 'May I take ibuprofen?', stopWhen: isStepCount(5) }),
)
console.log(text)
for await (const { seq, action } of ledger.as({ actor_id: 'auditor' }).search({ conversation_id: 'visit-1' })) {
  console.log(seq, action)
}
