import type { Database } from '../db/database.ts'
import type { ScoreView } from '../db/round-views.ts'
import { pairScores } from '../db/scores.ts'
import { mcnemarExact } from '../evaluation/statistics.ts'
import type { CampaignOverview } from './campaign.ts'

/** Two models on the same items: how many items only one of them answers right. */
export interface ModelComparison {
  /** Names of the models: `base`, `1/sft`, `1/rl`, … */
  a: string
  b: string
  benchmark: string
  n: number
  aOnly: number
  bOnly: number
  /** P-value of the exact McNemar test. */
  p: number
}

/** Two models whose scores are not comparable: they were measured in different ways. */
export interface NotCompared extends Pick<ModelComparison, 'a' | 'b' | 'benchmark'> {
  /** Versions of the verifier that graded them; null where a score does not say. */
  verifiers: { a: string | null; b: string | null }
}

/** What the scores of a campaign say about its models. */
export interface Comparisons {
  comparisons: ModelComparison[]
  notCompared: NotCompared[]
}

interface Measured {
  name: string
  score: ScoreView
}

/**
 * Compares the models of a campaign on its report items: each model with the model before it, and
 * the last model with the base and with the first. Scores of different identities are not compared.
 */
export async function compareModels(db: Database, overview: CampaignOverview): Promise<Comparisons> {
  const measured = reportScores(overview)
  const last = measured.at(-1)
  const pairs: [Measured, Measured][] = []
  measured.forEach((each, index) => {
    const before = measured[index - 1]
    if (before) pairs.push([before, each])
  })
  for (const first of measured.slice(0, 2))
    if (last && last !== first && measured.indexOf(first) < measured.length - 2) pairs.push([first, last])
  const comparisons: ModelComparison[] = []
  const notCompared: NotCompared[] = []
  for (const [a, b] of pairs) {
    const [names, { benchmark }] = [{ a: a.name, b: b.name }, a.score]
    if (benchmark !== b.score.benchmark || a.score.identityHash !== b.score.identityHash) {
      notCompared.push({ ...names, benchmark, verifiers: { a: a.score.verifier, b: b.score.verifier } })
      continue
    }
    const { n, aOnly, bOnly } = await pairScores(db, a.score.id, b.score.id)
    comparisons.push({ ...names, benchmark, n, aOnly, bOnly, p: mcnemarExact(aOnly, bOnly) })
  }
  return { comparisons, notCompared }
}

/** The report scores of the base and of closed rounds, in the order in which models were made. */
function reportScores(overview: CampaignOverview): Measured[] {
  const base = overview.base?.scores.find(({ role }) => role === 'report')
  const measured: Measured[] = base ? [{ name: 'base', score: base }] : []
  for (const { round, status, steps } of overview.rounds) {
    if (status !== 'closed') continue
    for (const { name, scores } of steps) {
      const score = scores.find(({ role }) => role === 'report')
      if (score) measured.push({ name: `${round}/${name}`, score })
    }
  }
  return measured
}
