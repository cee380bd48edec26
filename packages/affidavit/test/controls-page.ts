// The pages of docs/controls/ as Markdown, made from what stands beside them as data.

import type { Ask, Control, Evidence, Regime, Step } from './controls-source.ts'

type AllEvidence = ReadonlyMap<string, Evidence>

const MADE = '<!-- Made from %.yaml and evidence.yaml by scripts/controls.ts: change those. -->\n'

export function pageOf(name: string, { title, about, controls, not_covered }: Regime, evidence: AllEvidence): string {
  const rows = controls.map(({ citation, requires, confidence }, index) => [
    String(index + 1),
    citation,
    requires,
    `[${confidence}]`,
  ])
  const shown = [...new Set(controls.flatMap((control) => control.evidence))]
  return [
    MADE.replace('%', name),
    `# ${title}\n`,
    `${about.trim()}\n`,
    'What words in capitals and [V], [S], [K] mean, and what every page leaves to the customer: [README.md](README.md). We claim capability, never compliance.\n',
    table(['', 'Citation', 'Requires', ''], rows),
    ...controls.map((control, index) => rowOf(index + 1, control, evidence)),
    '## Not covered, and the customer’s own\n',
    table(
      ['What', 'Why'],
      not_covered.map(({ what, why }) => [what, why]),
    ),
    '## Evidence\n',
    ...shown.map((id) => evidenceOf(from(evidence, id))),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n')
}

function rowOf(number: number, control: Control, evidence: AllEvidence): string {
  const { citation, requires, confidence, seen, ask, remains } = control
  return [
    `## ${number} · ${citation}\n`,
    `**Requires:** ${requires} [${confidence}: ${seen}]\n`,
    `**Ask for:** ${ask.trim()}.\n`,
    ...control.evidence.map((id) => lineOf(from(evidence, id))),
    '',
    `**Remains the customer’s:** ${remains.trim()}\n`,
  ].join('\n')
}

function lineOf({ name, steps }: Evidence): string {
  return `- [${name}](#${anchorOf(name)}): ${steps.map(({ run }) => quoted(run)).join(', then ')}`
}

function evidenceOf({ name, steps, yields, checked_by }: Evidence): string {
  return [
    `### ${name}\n`,
    `${yields.trim()}\n`,
    `**Checked by:** ${checked_by.trim()}\n`,
    table(['Command, or request below `/v1/ledgers/{ledger}/`', 'Exits with', 'Answers'], steps.map(cellsOf)),
  ].join('\n')
}

function cellsOf({ run, exits = 0, holds, http }: Step): readonly string[] {
  const asked = http === undefined ? [] : [askedOf(http)]
  const overHttp = http?.holds === undefined ? [] : ['over HTTP:', ...http.holds.map(quoted)]
  return [[quoted(run), ...asked].join('<br>'), String(exits), [...holds.map(quoted), ...overHttp].join('<br>')]
}

function quoted(text: string): string {
  return `\`${text}\``
}

function askedOf({ by, request, body, status = 200 }: Ask): string {
  const sent = body === undefined ? '' : ` with ${Object.keys(body).join(', ')}`
  return `${quoted(request)}${sent}, by a key of ${by}: ${status}`
}

/** As a renderer of Markdown makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
}

function from(evidence: AllEvidence, id: string): Evidence {
  const found = evidence.get(id)
  if (found === undefined) throw new Error(`evidence.yaml has no ${id}`)
  return found
}

export function indexOf(regimes: ReadonlyMap<string, Regime>): string {
  const rows = [...regimes].map(([name, { title, controls }]) => {
    const counts = (['V', 'S', 'K'] as const).map(
      (mark) => controls.filter(({ confidence }) => confidence === mark).length,
    )
    return [`[${title}](${name}.md)`, String(controls.length), ...counts.map(String)]
  })
  return table(['Rules', 'Rows', '[V]', '[S]', '[K]'], rows)
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.trim().replaceAll('|', '\\|')).join(' | ')} |`
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`
}
