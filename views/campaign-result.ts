import type { Database } from '../db/database.ts'
import type { JobSummary } from '../db/jobs.ts'
import type { RequestTotals } from '../db/replies.ts'
import type { ScoreView } from '../db/round-views.ts'
import { campaignOverview } from './campaign.ts'
import type { RoundView } from './campaign.ts'
import { compareModels } from './comparisons.ts'
import type { Comparisons } from './comparisons.ts'

/** A score on one split of a benchmark. Accuracy and its 95 % interval are fractions. */
export interface ResultScore {
  benchmark: string
  split: string
  n: number
  correct: number
  accuracy: number
  low: number
  high: number
  /** Version of the verifier that graded it; null where the score does not say. */
  verifier: string | null
}

export interface ResultStep {
  name: string
  kind: string
  rowsIn: number | null
  rowsOut: number | null
  seconds: number
  /** Left out for a step that measures nothing. */
  scores?: ResultScore[]
}

export interface ResultRound {
  round: number
  parent: number | null
  status: string
  decision: string | null
  checkpoint: string | null
  seconds: number
  steps: ResultStep[]
}

/** The result of a campaign, as `hone demo --json` writes it. */
export interface CampaignResult extends Comparisons {
  campaign: string
  status: string
  base: { checkpoint: string | null; scores: ResultScore[] }
  rounds: ResultRound[]
  head: number | null
  jobs: JobSummary[]
  requests: RequestTotals
}

/**
 * The campaign's results so far, with the statistical tests that say what its numbers mean. Throws
 * UnknownCampaign.
 */
export async function campaignResult(db: Database, campaign: string): Promise<CampaignResult> {
  const overview = await campaignOverview(db, campaign)
  const { status, base, rounds, head, jobs, requests } = overview
  return {
    campaign,
    status,
    base: { checkpoint: base?.checkpoint ?? null, scores: base?.scores.map(resultScore) ?? [] },
    rounds: rounds.map(resultRound),
    head,
    ...(await compareModels(db, overview)),
    jobs,
    requests,
  }
}

const resultScore = ({ benchmark, role, n, correct, accuracy, low, high, verifier }: ScoreView): ResultScore => ({
  benchmark,
  split: role,
  n,
  correct,
  accuracy,
  low,
  high,
  verifier,
})

const resultRound = ({ round, parent, status, decision, checkpoint, seconds, steps }: RoundView): ResultRound => ({
  round,
  parent,
  status,
  decision,
  checkpoint,
  seconds,
  steps: steps.map(({ name, kind, rowsIn, rowsOut, seconds, scores }) => ({
    name,
    kind,
    rowsIn,
    rowsOut,
    seconds,
    ...(scores.length > 0 && { scores: scores.map(resultScore) }),
  })),
})
