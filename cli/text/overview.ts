import type { EventRecord } from '../../db/events.ts'
import type { StepProgress } from '../../db/step-progress.ts'
import type { CampaignOverview, RoundView, ScoreView } from '../../db/round-views.ts'
import { ancestors } from '../../domain/lineage.ts'
import { clip, clock, count, duration, figure, interval, nothing, shortHash, table, type Column } from './table.ts'

/** A round in the tree as it is drawn. */
export interface RoundLine {
  round: number
  /** Branches to the left of it. */
  branch: string
  /** Whether the head descends from it, or is it. */
  onLine: boolean
}

/**
 * The order in which rounds are drawn: the line from the base model to the head (or to the newest round) stays on the left,
 * rounds that were left behind stand as branches under the round they came from.
 */
export function roundTree(
  rounds: readonly { round: number; parent: number | null }[],
  head: number | null,
): RoundLine[] {
  const nodes = rounds.map(({ round, parent }) => ({ number: round, parent }))
  const line = new Set(head === null || !nodes.some(({ number }) => number === head) ? [] : ancestors(nodes, head))
  const lines: RoundLine[] = []
  const visit = (round: number, depth: number): void => {
    const branch = depth === 0 ? '' : `${'│  '.repeat(depth - 1)}├─ `
    lines.push({ round, branch, onLine: line.has(round) })
    const children = nodes.filter(({ parent }) => parent === round).map(({ number }) => number)
    const main = children.find((child) => line.has(child)) ?? children.at(-1)
    for (const child of children) if (child !== main) visit(child, depth + 1)
    if (main !== undefined) visit(main, depth)
  }
  for (const { number, parent } of nodes) if (parent === null) visit(number, 0)
  return lines
}

/** What the end of a round scored: the last score of each benchmark. */
export function endScores(round: RoundView): Map<string, ScoreView> {
  return new Map(round.steps.flatMap(({ scores }) => scores).map((score) => [score.benchmark, score]))
}

/** Every round with where it stands; the head and what was left behind are marked. */
export function roundsTable(overview: CampaignOverview): string[] {
  const rounds = [...(overview.base ? [overview.base] : []), ...overview.rounds]
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
  const rows = roundTree(rounds, overview.head).flatMap(({ round: number, branch, onLine }) => {
    const round = rounds.find((each) => each.round === number)
    if (!round) return []
    const scores = endScores(round)
    return [
      [
        `${branch}${number}${number === 0 ? ' base' : ''}${number === overview.head ? ' ◀ head' : ''}`,
        round.parent === null ? nothing : String(round.parent),
        round.status === 'closed' && !onLine ? 'closed, left' : round.status,
        round.decision ?? nothing,
        ...benchmarks.map((name) => {
          const score = scores.get(name)
          return score ? interval(score) : nothing
        }),
        round.checkpoint === null ? nothing : shortHash(round.checkpoint),
        duration(round.seconds),
      ],
    ]
  })
  return table(columns, rows)
}

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
export function headLines(overview: CampaignOverview, running: readonly StepProgress[]): string[] {
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
    ...running.map((step) => `now  ${progressText(step)}`),
  ]
}

/** What was paid and what may be: nothing where neither prices nor a budget are stated. */
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

/** Acts on a campaign, one a line, oldest first. */
export function eventLines(events: readonly EventRecord[]): string[] {
  return table(
    [{ head: 'when' }, { head: 'who' }, { head: 'what' }, { head: 'rounds' }, { head: 'why' }],
    events.map(({ at, who, kind, why, fromRound, toRound }) => {
      const moved = [fromRound, toRound].filter((round) => round !== null).join(' → ')
      return [clock(at), who, kind, moved, clip(why ?? '', 80)]
    }),
  )
}
