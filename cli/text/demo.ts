import type { CampaignResult, ResultScore } from '../../views/campaign-result.ts'
import type { ModelComparison, NotCompared } from '../../views/comparisons.ts'
import { count, duration, interval, nothing } from './figures.ts'
import { table } from './table.ts'

const report = (scores: readonly ResultScore[] | undefined): ResultScore | undefined =>
  scores?.find(({ split }) => split === 'report')

/** The demo's last table: every step of every round, the base model as round 0. */
export function demoTable(result: CampaignResult): string[] {
  const base = report(result.base.scores)
  const rows = [
    ['0', nothing, 'base model', '', '', base ? interval(base) : nothing, ''],
    ...result.rounds.flatMap((round) =>
      round.steps.map((step, index) => {
        const score = report(step.scores)
        return [
          index === 0 ? `${round.round}${round.round === result.head ? ' head' : ''}` : '',
          index === 0 && round.parent !== null ? String(round.parent) : '',
          step.name,
          step.rowsIn === null ? '' : count(step.rowsIn),
          step.rowsOut === null ? '' : count(step.rowsOut),
          score ? interval(score) : '',
          duration(step.seconds),
        ]
      }),
    ),
  ]
  const columns = [
    { head: 'round' },
    { head: 'parent' },
    { head: 'step' },
    { head: 'rows in', align: 'right' as const },
    { head: 'kept', align: 'right' as const },
    { head: `report accuracy [95 %]${base ? `, n ${count(base.n)}` : ''}` },
    { head: 'time', align: 'right' as const },
  ]
  return [
    ...table(columns, rows),
    '',
    ...result.comparisons.map(comparisonText),
    ...result.notCompared.map(notComparedText),
  ]
}

const notComparedText = ({ a, b, benchmark, verifiers }: NotCompared): string =>
  `${b} against ${a}: not comparable on ${benchmark}, graded by verifier ${verifiers.b ?? 'unknown'} and ${verifiers.a ?? 'unknown'}`

function comparisonText({ a, b, n, aOnly, bOnly, p }: ModelComparison): string {
  const chance = p < 0.001 ? 'p < 0.001' : `p = ${p.toPrecision(2)}`
  return `${b} against ${a}: ${bOnly} items gained, ${aOnly} lost of ${count(n)} (exact McNemar, ${chance})`
}

/** Where to look and what to try next. */
export function whereToLook(options: {
  result: CampaignResult
  uiUrl: string | null
  home: string
  stays: boolean
}): string[] {
  const { result, uiUrl, stays } = options
  const up = stays ? '' : '   (after `npm run dev`)'
  return [
    'Look:',
    `  Temporal Web UI   ${uiUrl ?? 'of your own server'}${up}`,
    `  rows and scores   npx hone psql${up}`,
    `  a round           npx hone show ${result.campaign} ${result.head ?? 1}${up}`,
    'Try next:',
    `  go back           npx hone rollback ${result.campaign} --to 1 --reason "try again"${up}`,
    '  your own data     cp recipes/demo.yaml mine.yaml, name your pictures and endpoints, npx hone start mine.yaml',
    ...(stays ? ['Ctrl-C stops all servers.'] : []),
  ]
}
