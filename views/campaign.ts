import { getCampaign } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { listEvents } from '../db/events.ts'
import type { EventRecord } from '../db/events.ts'
import { listJobs } from '../db/jobs.ts'
import type { JobSummary } from '../db/jobs.ts'
import { requestCounts } from '../db/replies.ts'
import type { RequestTotals } from '../db/replies.ts'
import { roundHeaders, stepViews } from '../db/round-views.ts'
import type { RoundHeader, ScoreView, StepView } from '../db/round-views.ts'
import type { CampaignStatus } from '../db/schema/campaigns.ts'
import { campaignSpending } from '../db/spending.ts'
import type { CampaignSpending } from '../db/spending.ts'
import { runningSteps } from '../db/step-progress.ts'
import type { StepProgress } from '../db/step-progress.ts'

/** A round with its steps in order. */
export interface RoundView extends RoundHeader {
  steps: StepView[]
}

/** A campaign on one page. */
export interface CampaignOverview {
  campaign: string
  status: CampaignStatus
  statusReason: string | null
  head: number | null
  /** Round 0: the base model's checkpoint and scores; null until round 0 is opened. */
  base: (RoundView & { scores: ScoreView[] }) | null
  /** Rounds 1, 2, … */
  rounds: RoundView[]
  jobs: JobSummary[]
  requests: RequestTotals
  spending: CampaignSpending
}

/** A campaign at one moment. */
export interface CampaignLook {
  overview: CampaignOverview
  /** How far the running steps are, in order. */
  running: StepProgress[]
  /** Acts on the campaign, oldest first. */
  events: EventRecord[]
}

/** Everything that the tables of a campaign show. Throws UnknownCampaign. */
export async function campaignOverview(db: Database, campaign: string): Promise<CampaignOverview> {
  const { status, statusReason, headRound } = await getCampaign(db, campaign)
  const [headers, steps, jobs, requests, spending] = await Promise.all([
    roundHeaders(db, campaign),
    stepViews(db, campaign),
    listJobs(db, campaign),
    requestCounts(db, { campaign }),
    campaignSpending(db, campaign),
  ])
  const rounds = headers.map((header) => ({ ...header, steps: steps.filter(({ round }) => round === header.round) }))
  const base = rounds.find(({ round }) => round === 0)
  return {
    campaign,
    status,
    statusReason,
    head: headRound,
    base: base ? { ...base, scores: base.steps.flatMap(({ scores }) => scores) } : null,
    rounds: rounds.filter(({ round }) => round > 0),
    jobs,
    requests,
    spending,
  }
}

/** The overview, the running steps and the acts. Throws UnknownCampaign. */
export async function lookAtCampaign(db: Database, campaign: string): Promise<CampaignLook> {
  const [overview, running, events] = await Promise.all([
    campaignOverview(db, campaign),
    runningSteps(db, campaign),
    listEvents(db, campaign),
  ])
  return { overview, running, events }
}

/** Every round by number, the base model's first. */
export const allRounds = ({ base, rounds }: Pick<CampaignOverview, 'base' | 'rounds'>): RoundView[] => [
  ...(base ? [base] : []),
  ...rounds,
]

/** The scores at the end of a round: the last score of each benchmark. */
export function endScores({ steps }: Pick<RoundView, 'steps'>): Map<string, ScoreView> {
  return new Map(steps.flatMap(({ scores }) => scores).map((score) => [score.benchmark, score]))
}

/**
 * A benchmark whose rounds were measured in different ways: their scores say nothing about each
 * other.
 */
export interface MixedBenchmark {
  benchmark: string
  /** Versions of the verifier, in the order of the rounds; null where a score does not say. */
  verifiers: (string | null)[]
}

/** The benchmarks whose rounds ended with scores of different identities. */
export function mixedBenchmarks(overview: Pick<CampaignOverview, 'base' | 'rounds'>): MixedBenchmark[] {
  const scores = allRounds(overview).flatMap((round) => [...endScores(round).values()])
  const found = new Map<string, ScoreView[]>()
  for (const score of scores) found.set(score.benchmark, [...(found.get(score.benchmark) ?? []), score])
  return [...found]
    .filter(([, ofBenchmark]) => new Set(ofBenchmark.map(({ identityHash }) => identityHash)).size > 1)
    .map(([benchmark, ofBenchmark]) => ({
      benchmark,
      verifiers: [...new Set(ofBenchmark.map(({ verifier }) => verifier))],
    }))
}
