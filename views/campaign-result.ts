import type { Database } from '../db/database.ts'
import type { JobSummary } from '../db/jobs.ts'
import { pairScores } from '../db/scores.ts'
import { campaignOverview } from '../db/round-views.ts'
import type { CampaignOverview, RoundView, ScoreView } from '../db/round-views.ts'
import { mcnemarExact } from '../evaluation/statistics.ts'

/** A score in the demo's result. Accuracy and its 95 % interval are fractions. */
export interface DemoScore {
  benchmark: string
  split: string
  n: number
  correct: number
  accuracy: number
  low: number
  high: number
}

export interface DemoStep {
  name: string
  kind: string
  rowsIn: number | null
  rowsOut: number | null
  seconds: number
  scores?: DemoScore[]
}

/** Two models on the same items: how many only one of them answers right, and the exact McNemar test of it. */
export interface DemoComparison {
  a: string
  b: string
  benchmark: string
  n: number
  aOnly: number
  bOnly: number
  p: number
}

/** What `hone demo --json` writes. */
export interface DemoResult {
  campaign: string
  status: string
  base: { checkpoint: string | null; scores: DemoScore[] }
  rounds: {
    round: number
    parent: number | null
    status: string
    decision: string | null
    checkpoint: string | null
    seconds: number
    steps: DemoStep[]
  }[]
  head: number | null
  comparisons: DemoComparison[]
  jobs: JobSummary[]
  requests: { paid: number; reused: number; failed: number; promptTokens: number; completionTokens: number }
}

const scoreOf = ({ benchmark, role, n, correct, accuracy, low, high }: ScoreView): DemoScore => ({
  benchmark,
  split: role,
  n,
  correct,
  accuracy,
  low,
  high,
})

const stepsOf = (round: RoundView): DemoStep[] =>
  round.steps.map(({ name, kind, rowsIn, rowsOut, seconds, scores }) => ({
    name,
    kind,
    rowsIn,
    rowsOut,
    seconds,
    ...(scores.length > 0 && { scores: scores.map(scoreOf) }),
  }))

/** The campaign as it stands, with the tests that say what its numbers mean. All of it is read from Postgres. */
export async function demoResult(db: Database, campaign: string): Promise<DemoResult> {
  const overview = await campaignOverview(db, campaign)
  return {
    campaign,
    status: overview.status,
    base: { checkpoint: overview.base?.checkpoint ?? null, scores: overview.base?.scores.map(scoreOf) ?? [] },
    rounds: overview.rounds.map((round) => {
      const { round: number, parent, status, decision, checkpoint, seconds } = round
      return { round: number, parent, status, decision, checkpoint, seconds, steps: stepsOf(round) }
    }),
    head: overview.head,
    comparisons: await comparisons(db, overview),
    jobs: overview.jobs,
    requests: overview.requests,
  }
}

/** A measured model: `base`, `1/sft`, `1/rl`, … */
interface Measured {
  name: string
  score: ScoreView
}

/** Each model against the one before it, and the last one against the base and against the first. Report items only. */
async function comparisons(db: Database, overview: CampaignOverview): Promise<DemoComparison[]> {
  const measured = reportScores(overview)
  const last = measured.at(-1)
  const pairs: [Measured, Measured][] = []
  measured.forEach((each, index) => {
    const before = measured[index - 1]
    if (before) pairs.push([before, each])
  })
  for (const first of measured.slice(0, 2))
    if (last && last !== first && measured.indexOf(first) < measured.length - 2) pairs.push([first, last])
  const results: DemoComparison[] = []
  for (const [a, b] of pairs) {
    const { n, aOnly, bOnly } = await pairScores(db, a.score.id, b.score.id)
    results.push({ a: a.name, b: b.name, benchmark: a.score.benchmark, n, aOnly, bOnly, p: mcnemarExact(aOnly, bOnly) })
  }
  return results
}

/** The report scores along the head's line, in the order in which the models were made. */
function reportScores(overview: CampaignOverview): Measured[] {
  const base = overview.base?.scores.find(({ role }) => role === 'report')
  const rounds = overview.rounds.filter(({ status }) => status === 'closed')
  const measured: Measured[] = base ? [{ name: 'base', score: base }] : []
  for (const round of rounds)
    for (const step of round.steps) {
      const score = step.scores.find(({ role }) => role === 'report')
      if (score) measured.push({ name: `${round.round}/${step.name}`, score })
    }
  return measured
}
