import { explain } from './explanations.ts'
import type { Disagreement } from './explanations.ts'
import type { ProseReport } from './prose-report.ts'

/** What disagreements.md shows: tables and figures as lines of Markdown, and the disagreements. */
export interface DisagreementPage {
  command: string
  summary: readonly string[]
  mathematics: readonly string[]
  figures: readonly string[]
  groups: readonly string[]
  families: readonly string[]
  prose: ProseReport
  disagreements: readonly Disagreement[]
}

/** An explained class lists only so many pairs: its sentence explains the others. */
const mostExplained = 8
const mostProse = 40

const cell = (text: string): string => `\`${text.replaceAll('|', '\\|').replaceAll('`', "'").replace(/\s+/g, ' ')}\``
const word = (same: boolean | null): string => (same === null ? 'not read' : same ? 'same' : 'different')

function row({ pair, hone, mathVerify, mathruler }: Disagreement): string {
  const answer = pair.wrapping === 'none' ? pair.answer : pair.bare
  return `| ${pair.id} | ${cell(pair.gold)} | ${cell(answer)} | ${word(pair.equal)} | ${hone.verdict} (${hone.reason}) | ${word(mathVerify)} | ${word(mathruler)} |`
}

/** One section for each class, the pairs that no rule explains first. */
function classSections(disagreements: readonly Disagreement[]): string[] {
  const unexplained = 'No rule explains these pairs: look at them. Pairs on which Hone is wrong are always here.'
  const classes = new Map<string, { why: string; rows: Disagreement[] }>()
  for (const disagreement of disagreements) {
    const { name, why } = explain(disagreement) ?? { name: 'Unexplained', why: unexplained }
    const known = classes.get(name) ?? { why, rows: [] }
    known.rows.push(disagreement)
    classes.set(name, known)
  }
  return [...classes]
    .sort(([a], [b]) => Number(b === 'Unexplained') - Number(a === 'Unexplained'))
    .flatMap(([name, { why, rows }]) => [
      '',
      `## ${name}: ${rows.length}`,
      '',
      why,
      '',
      '| pair | gold | answer | truth | Hone | math-verify | mathruler |',
      '|---|---|---|---|---|---|---|',
      ...rows.slice(0, name === 'Unexplained' ? rows.length : mostExplained).map(row),
    ])
}

function proseSection({ lines, table, faults }: ProseReport): string[] {
  const listed = faults
    .slice(0, mostProse)
    .map(
      ({ row: { id, gold, answer, equal }, said }) =>
        `| ${id} | ${cell(gold)} | ${cell(answer)} | ${word(equal)} | ${said.verdict} (${said.reason}) |`,
    )
  const faultTable = ['', '| case | gold | answer | truth | Hone |', '|---|---|---|---|---|', ...listed]
  return ['## Answers in prose', '', ...lines, '', ...table, ...(listed.length === 0 ? [] : faultTable)]
}

/** The text of disagreements.md. */
export function disagreementPage(page: DisagreementPage): string {
  return [
    '# Where the checkers differ',
    '',
    `Written by \`${page.command}\`. The classes are the rules of \`explanations.ts\`.`,
    `The tables list the pairs on which Hone differs from the truth or from math-verify: all unexplained pairs, and the first ${mostExplained} of each explained class.`,
    'The table by family also counts the pairs on which only mathruler differs.',
    '',
    '## All pairs',
    '',
    ...page.summary,
    '',
    '## Only the groups of mathematics',
    '',
    ...page.mathematics,
    '',
    ...page.figures,
    '',
    '## Right by group and by family, in percent',
    '',
    ...page.groups,
    '',
    ...page.families,
    '',
    ...proseSection(page.prose),
    ...classSections(page.disagreements),
    '',
  ]
    .map(wrapped)
    .join('\n')
}

const widest = 100

/** A paragraph in lines that fit the screen. Tables and headings stay in one line. */
function wrapped(paragraph: string): string {
  if (/^[|#]/.test(paragraph)) return paragraph
  const lines = ['']
  for (const next of paragraph.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last === '') lines[lines.length - 1] = next
    else if (last.length + 1 + next.length <= widest) lines[lines.length - 1] = `${last} ${next}`
    else lines.push(next)
  }
  return lines.join('\n')
}
