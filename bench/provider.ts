// A provider of models that answers as OpenAI does, a while after it was asked: whole, or token by token.

import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

/** A provider takes longer; the call is what is to be seen. */
export const PROVIDER_MILLIS = 20
export const WORDS =
  'The potassium of the last three weeks is within range; nothing else in the chart asks for a call today. '

export async function startProvider(): Promise<Server> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece) => {
      body += piece
    })
    request.on('end', () => {
      const tokens = /"max_completion_tokens":(\d+)/.exec(body)?.[1]
      void answer(response, body.includes('"stream":true'), tokens === undefined ? undefined : Number(tokens))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

export function baseUrl(server: Server): string {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`
}

let answers = 0
const HEAD = { id: 'chatcmpl-1', created: 1, model: 'm' }

async function answer(response: ServerResponse, streams: boolean, tokens: number | undefined): Promise<void> {
  await wait(PROVIDER_MILLIS)
  if (!streams) {
    const choices = [
      { index: 0, message: { role: 'assistant', content: `${answers++} ${WORDS}` }, finish_reason: 'stop' },
    ]
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ ...HEAD, object: 'chat.completion', choices }))
    return
  }
  response.setHeader('content-type', 'text/event-stream')
  const said = `${answers++} ${WORDS}`.split(' ')
  for (let n = 0; n < (tokens ?? said.length); n++) {
    const content = said[n % said.length]
    response.write(event({ delta: { content }, finish_reason: null }))
    // A provider writes each token when it has it.
    await wait(1)
  }
  response.write(event({ delta: {}, finish_reason: 'stop' }))
  response.end('data: [DONE]\n\n')
}

function event(choice: object): string {
  return `data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', choices: [{ index: 0, ...choice }] })}\n\n`
}
