// affidavit/server: ledgers answered for over HTTP, as affidavit serve does.

export type { ListenAt, Listening } from './server/listen.ts'
export { type FirstKeyOf, type Serve, type Serving, serve } from './server/serve.ts'
