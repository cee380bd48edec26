// One ledger for many processes: its records are in PostgreSQL, its keys in a folder. Before, as the owner of the database:
//   affidavit migrate --ledger postgres://OWNER@localhost/audit --writer SERVER
// Run it: AFFIDAVIT_LEDGER=postgres://SERVER@localhost/audit node --conditions=affidavit-source examples/postgres.ts
import { openLedger } from 'affidavit'

const url = process.env.AFFIDAVIT_LEDGER ?? 'postgres://server@localhost/audit'
const open = () => openLedger(url, { origin: 'clinic.example/agents', keys: process.argv[2] ?? './audit-home' })
// Two servers of a clinic, which would be two processes.
const servers = await Promise.all([open(), open()])
const draft = { action: 'tool_invoked', actor_id: 'clinic-agent', actor_type: 'agent' } as const
const appended = await Promise.all(servers.map((server) => server.append(draft)))
console.log(appended.map(({ seq }) => seq).sort())
for (const server of servers) await server.close()
