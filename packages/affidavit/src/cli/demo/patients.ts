// The patients of the demo's clinic, in a database of their own, and the tools that an agent has over it.

import { DatabaseSync } from 'node:sqlite'

const SCHEMA = `
  CREATE TABLE charts (patient_id TEXT PRIMARY KEY, name TEXT, problems TEXT, medication TEXT) STRICT;
  CREATE TABLE lab_results (patient_id TEXT, taken_on TEXT, test TEXT, value TEXT) STRICT;
  CREATE TABLE letters (document_id TEXT PRIMARY KEY, patient_id TEXT, text TEXT, sent_to TEXT) STRICT;
  INSERT INTO charts VALUES
    ('MRN-1041', 'Ana Example', 'chronic kidney disease, stage 3', 'lisinopril 10 mg once a day'),
    ('MRN-2077', 'Ben Example', 'asthma', 'salbutamol as needed');
  INSERT INTO lab_results VALUES
    ('MRN-1041', '2026-03-02', 'potassium', '4.6 mmol/l'),
    ('MRN-1041', '2026-03-02', 'eGFR', '48 ml/min');
  INSERT INTO letters VALUES ('LET-7', 'MRN-1041', 'Summary of the chart, March 2026', NULL);`

export interface Patients extends Disposable {
  readonly tools: {
    get_chart(given: { patient_id: string }): unknown
    get_lab_results(given: { patient_id: string }): unknown
    /** The clinic's gateway lets no agent at these. */
    get_psychiatric_notes(given: { patient_id: string }): unknown
    send_document(given: { document_id: string; patient_id: string; recipient: string }): unknown
  }
}

export function openPatients(): Patients {
  const db = new DatabaseSync(':memory:')
  db.exec(SCHEMA)
  const chart = db.prepare('SELECT * FROM charts WHERE patient_id = ?')
  const results = db.prepare('SELECT taken_on, test, value FROM lab_results WHERE patient_id = ?')
  const send = db.prepare('UPDATE letters SET sent_to = ? WHERE document_id = ? AND patient_id = ?')
  return {
    tools: {
      get_chart: ({ patient_id }) => chart.get(patient_id) ?? { error: 'no such patient' },
      get_lab_results: ({ patient_id }) => ({ patient_id, results: results.all(patient_id) }),
      get_psychiatric_notes: () => ({
        error: 'access_denied',
        reason: 'notes of psychotherapy are for their author alone',
      }),
      send_document({ document_id, patient_id, recipient }) {
        const { changes } = send.run(recipient, document_id, patient_id)
        return changes === 1 ? { sent: document_id, to: recipient } : { error: 'no such letter' }
      },
    },
    [Symbol.dispose]: () => db.close(),
  }
}
