import type { EventRecord } from '../../db/events.ts'
import type { StepProgress } from '../../db/step-progress.ts'
import { allRounds, endScores } from '../../views/campaign.ts'
import type { CampaignLook, CampaignOverview } from '../../views/campaign.ts'
import { roundTree } from '../../views/round-tree.ts'
import { clip, clock, count, duration, figure, nothing, shortHash } from './figures.ts'
import { mixedLines, scoreWriter } from './scores.ts'
import { table } from './table.ts'
import type { Column } from './table.ts'

/**
 * Every round as it stands, in a tree. The head and rounds that were left behind are marked, and
 * scores that are not comparable.
 */
export function roundsTable(overview: CampaignOverview): string[] {
  const rounds = allRounds(overview)
  if (rounds.length === 0) return ['No round yet.']
  const roles = new Map(
    rounds.flatMap((round) => [...endScores(round).values()]).map(({ benchmark, role }) => [benchmark, role]),
  )
  const benchmarks = [...roles]
    .sort((a, b) => Number(b[1] === 'report') - Number(a[1] === 'report'))
    .map(([name]) => name)
  const columns: Column[] = [
    { head: 'round' },
    { head: 'parent', align: 'right' },
    { head: 'status' },
    { head: 'decision' },
    ...benchmarks.map((head) => ({ head })),
    { head: 'model' },
    { head: 'time', align: 'right' },
  ]
  const written = scoreWriter(overview)
  const rows = roundTree(rounds, overview.head).flatMap(({ round: number, depth, onLine }) => {
    const round = rounds.find((each) => each.round === number)
    if (!round) return []
    const scores = endScores(round)
    return [
      [
        `${branch(depth)}${number}${number === 0 ? ' base' : ''}${number === overview.head ? ' ◀ head' : ''}`,
        round.parent === null ? nothing : String(round.parent),
        round.status === 'closed' && !onLine ? 'closed, left' : round.status,
        round.decision ?? nothing,
        ...benchmarks.map((name) => {
          const score = scores.get(name)
          return score ? written(score) : nothing
        }),
        round.checkpoint === null ? nothing : shortHash(round.checkpoint),
        duration(round.seconds),
      ],
    ]
  })
  return [...table(columns, rows), ...mixedLines(overview).flatMap((line) => ['', line])]
}

/** The branches to the left of a round at a depth of the tree: `│  ├─ `. */
const branch = (depth: number): string => (depth === 0 ? '' : `${'│  '.repeat(depth - 1)}├─ `)

/** Metrics worth a glance, in this order; a trainer logs dozens. */
const glance = ['loss', 'reward.mean', 'reward.std', 'kl', 'completion.len.mean', 'lr']

/** The metrics a person looks at first: `loss 0.41  reward.mean 0.62`. */
export function metricsText(metrics: Readonly<Record<string, number>>): string {
  return glance.flatMap((name) => (metrics[name] === undefined ? [] : [`${name} ${figure(metrics[name])}`])).join('  ')
}

/** How far a running step is: `round 2  sft  step 120 of 250  loss 0.41  1 min 05 s`. */
export function progressText({ round, step, done, total, job, seconds }: StepProgress): string {
  const parts = [`round ${round}`, step]
  const planned = job?.metrics['totalSteps']
  if (job && job.kind !== 'serve') {
    if (job.step === null) parts.push(job.state ?? 'not submitted yet')
    else
      parts.push(
        `step ${count(job.step)}${planned === undefined ? '' : ` of ${count(planned)}`}`,
        metricsText(job.metrics),
      )
    if (job.attempt !== null && job.attempt > 1) parts.push(`attempt ${job.attempt}`)
  } else if (total > 0) parts.push(`${count(done)} of ${count(total)} rows`)
  return [...parts, duration(seconds)].filter((part) => part !== '').join('  ')
}

/** The campaign in its first lines: status, head, calls, what runs. */
function headLines({ overview, running }: Omit<CampaignLook, 'events'>): string[] {
  const { campaign, status, statusReason, head, requests } = overview
  const calls = [
    `${count(requests.paid)} paid, ${count(requests.reused)} reused, ${count(requests.failed)} rows failed`,
    `${count(requests.promptTokens)} tokens in, ${count(requests.completionTokens)} out`,
  ]
  return [
    `${campaign}  ${status}${head === null ? '' : `, head: round ${head}`}`,
    ...(statusReason === null || statusReason === '' ? [] : [`  ${statusReason}`]),
    `model calls  ${calls.join('; ')}`,
    ...spendingLines(overview.spending),
    ...running.flatMap((step) => [
      `now  ${progressText(step)}`,
      ...(step.notice === null ? [] : [`     ${clip(step.notice, 300)}`]),
    ]),
  ]
}

/** What was paid, and the budget. No line where neither prices nor a budget are stated. */
function spendingLines({ requests, tokens, costs, budget }: CampaignOverview['spending']): string[] {
  const money = Object.entries(costs).map(([currency, amount]) => `${amount.toFixed(2)} ${currency}`)
  const limits = [
    ...(budget?.cost === undefined ? [] : [`cost ${budget.cost}`]),
    ...(budget?.tokens === undefined ? [] : [`tokens ${count(tokens)} of ${count(budget.tokens)}`]),
    ...(budget?.requests === undefined ? [] : [`requests ${count(requests)} of ${count(budget.requests)}`]),
  ]
  if (money.length === 0 && limits.length === 0) return []
  return [
    `spent        ${[money.join(' + ') || 'no prices stated', ...limits.map((each) => `budget: ${each}`)].join('; ')}`,
  ]
}

/** A campaign on one screen. */
export const statusLines = (look: Omit<CampaignLook, 'events'>): string[] => [
  ...headLines(look),
  '',
  ...roundsTable(look.overview),
]

/** Acts on a campaign, a line for each, oldest first. */
export function eventLines(events: readonly EventRecord[]): string[] {
  return table(
    [{ head: 'when' }, { head: 'who' }, { head: 'what' }, { head: 'rounds' }, { head: 'why' }],
    events.map(({ at, who, kind, why, fromRound, toRound }) => {
      const moved = [fromRound, toRound].filter((round) => round !== null).join(' → ')
      return [clock(at), who, kind, moved, clip(why ?? '', 80)]
    }),
  )
}
