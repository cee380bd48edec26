// A model provider on loopback that says what it was told to: the demo needs no account and no network. It speaks the protocol of
// OpenAI's chat completions, whole, and streamed for whoever leaves in mid-answer.

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** What the model says next, or which tools it asks for. */
export type Reply = string | readonly { readonly name: string; readonly arguments: object }[]

export interface Provider extends AsyncDisposable {
  readonly origin: string
  /** Requests that came. */
  calls(): number
  plan(...replies: readonly Reply[]): void
}

export async function startProvider(): Promise<Provider> {
  const planned: Reply[] = []
  let calls = 0
  const server = createServer(async (request, response) => {
    const { model, stream }: { model: string; stream?: boolean } = JSON.parse(await text(request))
    calls++
    const head = { id: `chatcmpl-demo-${calls}`, created: Math.floor(Date.now() / 1000), model: `${model}-2026-03-01` }
    const message = messageOf(planned.shift() ?? 'I have nothing to say to that.', calls)
    if (stream === true) sendHalf(response, head, message)
    else sendWhole(response, head, message)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    origin: `http://127.0.0.1:${port}`,
    calls: () => calls,
    plan: (...replies) => void planned.push(...replies),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

interface Message {
  readonly content: string | null
  readonly tool_calls?: readonly object[]
}

function messageOf(reply: Reply, call: number): Message {
  if (typeof reply === 'string') return { content: reply }
  const tool_calls = reply.map(({ name, arguments: given }, i) => ({
    id: `call_${call}_${i}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(given) },
  }))
  return { content: null, tool_calls }
}

function sendWhole(response: ServerResponse, head: object, message: Message): void {
  const finish_reason = message.tool_calls === undefined ? 'stop' : 'tool_calls'
  const usage = { prompt_tokens: 180, completion_tokens: 40, total_tokens: 220 }
  const choices = [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }]
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ ...head, object: 'chat.completion', choices, usage }))
}

// Half an answer: it thinks about the rest until whoever asked has left.
function sendHalf(response: ServerResponse, head: object, { content }: Message): void {
  response.setHeader('content-type', 'text/event-stream')
  const words = (content ?? '').split(/(?<= )/)
  for (const word of words.slice(0, words.length / 2)) {
    const choices = [{ index: 0, delta: { content: word }, finish_reason: null }]
    response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices })}\n\n`)
  }
}
