// Embeddings as OpenAI sends them; its SDK asks for base64 and decodes it.

import { type Format, modelOf, openaiError, requires } from './mock-format.ts'

export const openaiEmbeddings: Format = {
  refuses: (body) => requires(body, 'model', 'input'),
  json(_answer, asked) {
    const { input, encoding_format } = asked.body
    const vector = Float32Array.of(0.5, -0.25, 1)
    const embedding = encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector]
    return {
      object: 'list',
      data: [input].flat().map((_, index) => ({ object: 'embedding', index, embedding })),
      model: modelOf(asked),
      usage: { prompt_tokens: 5, total_tokens: 5 },
    }
  },
  events: () => [],
  error: openaiError,
}
