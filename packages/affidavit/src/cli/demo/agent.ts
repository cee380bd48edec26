// The demo's agent: a small one on the real OpenAI client, audited with two lines. What it does is recorded while it does it.

import { auditOpenAI } from '../../adapters/openai.ts'
import type { Audit } from '../../capture/audit.ts'
import { createAudit } from '../../capture/create-audit.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { openPatients, type Patients } from './patients.ts'
import { type Provider, startProvider } from './provider.ts'

const AGENT = 'larkspur-assistant'
const MODEL = 'demo-model'
/** Where the registry of the demo says that models are. */
const MODELS = 'https://models.example'
const FIRST_PROMPT = 'You answer patients of Larkspur Family Clinic. Look into their chart before you advise. Be brief.'
const SECOND_PROMPT =
  'You answer patients of Larkspur Family Clinic. Be friendly. Suggest an appointment where you can.'
const TOOLS = ['get_chart', 'get_lab_results', 'get_psychiatric_notes', 'send_document'] as const
const DAY = 86_400_000

type ToolName = (typeof TOOLS)[number]

export interface Told {
  readonly conversations: number
  readonly modelCalls: number
}

/** Lets the agent work for a day, and tells what it did in a few words. */
export async function runAgent(ledger: Ledger, say: (line: string) => void): Promise<Told> {
  await using provider = await startProvider()
  using patients = openPatients()
  await firstRelease(ledger, provider, patients, say)
  await secondRelease(ledger, provider, patients, say)
  return { conversations: 4, modelCalls: provider.calls() }
}

async function firstRelease(
  ledger: Ledger,
  provider: Provider,
  patients: Patients,
  say: (line: string) => void,
): Promise<void> {
  await using audit = createAudit({
    ledger,
    agent_name: AGENT,
    changed_by: { actor_id: 'm.ferrar', reason: 'CHG-101' },
  })
  const agent = await createAgent(audit, provider, patients, FIRST_PROMPT)
  await grantFor(audit, 'patient_record', 'MRN-1041')
  await grantFor(audit, 'lab_result', 'MRN-1041')
  await audit.decidePrompt({
    approver: { actor_id: 'dr.osei' },
    agent_name: AGENT,
    prompt_version: agent.version,
    approved: true,
    reason: 'reviewed',
  })
  say('a privacy officer granted it one patient’s chart and results; a physician approved its prompt')

  const patient = { conversation_id: 'portal-1041', actor_id: 'ana', subject_ids: ['MRN-1041'], purpose: 'treatment' }
  await audit.run(patient, async () => {
    provider.plan(
      [
        { name: 'get_chart', arguments: { patient_id: 'MRN-1041' } },
        { name: 'get_lab_results', arguments: { patient_id: 'MRN-1041' } },
      ],
      'Please take no ibuprofen: with your kidneys and lisinopril it can do harm. Paracetamol is fine.',
    )
    await agent.answer('May I take ibuprofen for my back?')
    await audit.delivered()
    provider.plan(
      [{ name: 'get_psychiatric_notes', arguments: { patient_id: 'MRN-1041' } }],
      'I cannot see these notes. Their author can go through them with you.',
    )
    await agent.answer('What did the psychiatrist write about me?')
    await audit.delivered()
  })
  await audit.endConversation('portal-1041')
  say('a patient asked; two tools ran side by side, and one was denied')

  await audit.run(
    { conversation_id: 'desk-88', actor_id: 'nurse.baptiste', subject_ids: ['MRN-1041'], purpose: 'treatment' },
    async () => {
      provider.plan(
        [
          {
            name: 'send_document',
            arguments: { document_id: 'LET-7', patient_id: 'MRN-1041', recipient: 'Harbour Eye Clinic' },
          },
        ],
        'The summary is on its way to Harbour Eye Clinic.',
      )
      await agent.answer('Send the chart summary to Harbour Eye Clinic.')
      await audit.delivered()
    },
  )
  say('a nurse approved that a letter leaves the house, and it left')
}

async function secondRelease(
  ledger: Ledger,
  provider: Provider,
  patients: Patients,
  say: (line: string) => void,
): Promise<void> {
  await using audit = createAudit({ ledger, agent_name: AGENT, changed_by: { actor_id: 'j.ortega', reason: 'hotfix' } })
  const agent = await createAgent(audit, provider, patients, SECOND_PROMPT)
  await audit.run(
    { conversation_id: 'portal-2077', actor_id: 'ben', subject_ids: ['MRN-2077'], purpose: 'treatment' },
    async () => {
      provider.plan(
        [{ name: 'get_chart', arguments: { patient_id: 'MRN-2077' } }],
        'Use your inhaler before you run. Shall I book you an appointment?',
      )
      await agent.answer('Can I go running with my asthma?')
      await audit.delivered()
    },
  )
  await audit.run(
    { conversation_id: 'portal-1041-b', actor_id: 'ana', subject_ids: ['MRN-1041'], purpose: 'treatment' },
    async () => {
      provider.plan('It is good that you ask. Drink enough, and call us at once if your ankles swell.')
      await agent.leaveWhileAnswering('What should I look out for?')
    },
  )
  await askBeside(audit, provider)
  say(
    'a new prompt went live that nobody approved; it opened a chart that nobody granted; a patient left in mid-answer',
  )
  say('a script asked the model by a client that nobody audits')
}

// Found by watching the process: it was not stopped, and it is on record.
async function askBeside(audit: Audit, provider: Provider): Promise<void> {
  using _watch = audit.watch([new URL(provider.origin).host])
  const { default: OpenAI } = await import('openai')
  const client = new OpenAI({ apiKey: 'demo', baseURL: `${provider.origin}/v1` })
  await client.chat.completions.create({ model: MODEL, messages: [{ role: 'user', content: 'Sum up yesterday.' }] })
}

function grantFor(audit: Audit, resource_type: string, resource_id: string): Promise<string> {
  const now = Date.now()
  return audit.grant({
    approver: { actor_id: 'p.lindqvist' },
    agent_name: AGENT,
    resource_type,
    resource_id,
    access: ['read'],
    purpose: 'treatment',
    valid_from: new Date(now - 1_000).toISOString(),
    valid_until: new Date(now + 30 * DAY).toISOString(),
    reason: 'the patient asked to be answered by the portal',
  })
}

interface Agent {
  readonly version: string
  answer(question: string): Promise<void>
  leaveWhileAnswering(question: string): Promise<void>
}

interface Asked {
  readonly id: string
  readonly type: string
  readonly function?: { readonly name: string; readonly arguments: string }
}

async function createAgent(audit: Audit, provider: Provider, patients: Patients, prompt: string): Promise<Agent> {
  const { default: OpenAI } = await import('openai')
  const toLoopback: typeof fetch = (url, init) => fetch(String(url).replace(MODELS, provider.origin), init)
  const client = auditOpenAI(new OpenAI({ apiKey: 'demo', baseURL: `${MODELS}/v1`, fetch: toLoopback }), audit)
  const instructions = { role: 'system', content: prompt } as const
  const tools = TOOLS.map((name) => ({ type: 'function', function: { name, parameters: { type: 'object' } } }) as const)
  const run = Object.fromEntries(TOOLS.map((name) => [name, audit.tool(name, patients.tools[name])]))

  async function call({
    id,
    function: asked,
  }: Asked): Promise<{ role: 'tool'; tool_call_id: string; content: string }> {
    const name = TOOLS.find((one) => one === asked?.name)
    const given = JSON.parse(asked?.arguments ?? '{}')
    if (name !== undefined) await askLeave(name, given)
    const result = name === undefined ? { error: 'no such tool' } : await run[name]?.(given)
    return { role: 'tool', tool_call_id: id, content: JSON.stringify(result) }
  }

  // What leaves the house is approved by a person, for what it is.
  async function askLeave(name: ToolName, given: { document_id?: string; patient_id?: string }): Promise<void> {
    if (name !== 'send_document') return
    const { document_id = '', patient_id = '' } = given
    const about = { resource_type: 'clinic_document', resource_id: document_id, subject_ids: [patient_id] }
    await audit.approval({ reason: 'a letter leaves the house', about, request: given }, () => ({
      approved: true,
      actor_id: 'nurse.baptiste',
      reason: 'the patient signed the release on 3 March',
    }))
  }

  return {
    version: audit.promptVersion([instructions], tools),
    async answer(question) {
      const messages: Parameters<typeof client.chat.completions.create>[0]['messages'] = [
        instructions,
        { role: 'user', content: question },
      ]
      for (;;) {
        const { choices } = await client.chat.completions.create({ model: MODEL, messages, tools: [...tools] })
        const message = choices[0]?.message
        if (message?.tool_calls === undefined) return
        messages.push(message, ...(await Promise.all(message.tool_calls.map(call))))
      }
    },
    async leaveWhileAnswering(question) {
      const messages = [instructions, { role: 'user', content: question } as const]
      const stream = await client.chat.completions.create({ model: MODEL, messages, tools: [...tools], stream: true })
      let words = 0
      for await (const _ of stream) if (++words === 5) break
    },
  }
}

/** The client is the application's: whoever only verifies needs none. */
export async function isOpenAIThere(): Promise<boolean> {
  try {
    await import('openai')
    return true
  } catch {
    return false
  }
}
