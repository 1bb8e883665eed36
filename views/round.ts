import { stepAnswers } from '../db/answers.ts'
import type { Answers } from '../db/answers.ts'
import type { Database } from '../db/database.ts'
import { lastMetrics, listJobs, metricSeries } from '../db/jobs.ts'
import type { JobSummary } from '../db/jobs.ts'
import { requestCounts } from '../db/replies.ts'
import type { RequestTotals } from '../db/replies.ts'
import { stepViews } from '../db/round-views.ts'
import type { StepView } from '../db/round-views.ts'
import { getRound, listRounds } from '../db/rounds.ts'
import { sampleRows } from '../db/rows.ts'
import type { SampledRow } from '../db/rows.ts'
import { datasetOfStep } from '../db/step-progress.ts'
import { stepCounts } from '../db/steps.ts'
import type { StepCounts } from '../db/steps.ts'
import { HoneError } from '../domain/errors.ts'

/** A step of a round with the reasons of its dropped and failed rows, its calls and sample rows. */
export interface StepDetail extends StepView, Pick<StepCounts, 'droppedByReason' | 'failedByReason'> {
  requests: RequestTotals
  /** Who answered. */
  answers: Answers[]
  samples: SampledRow[]
}

/** A job with what it logged: the newest value of each metric, and the curves worth a look. */
export interface JobDetail extends JobSummary {
  metrics: Record<string, number>
  curves: { name: string; values: number[] }[]
}

/** A round with its steps and jobs in order. */
export interface RoundDetail {
  campaign: string
  round: number
  parent: number | null
  status: string
  decision: string | null
  reason: string | null
  checkpoint: string | null
  steps: StepDetail[]
  jobs: JobDetail[]
}

/** The parts of a round that a caller wants. */
export interface RoundWish {
  /** Only this step and its jobs. */
  step?: string | undefined
  /** Sample rows of each step. */
  samples?: number | undefined
}

/** Number of the round that runs, else of the newest round; 0 where there is no round yet. */
export async function newestRound(db: Database, campaign: string): Promise<number> {
  const rounds = await listRounds(db, campaign)
  return (rounds.find(({ status }) => status === 'running') ?? rounds.at(-1))?.number ?? 0
}

/**
 * Everything about a round. Throws UnknownRound; InvalidInput for a step that the round does not
 * have.
 */
export async function roundDetail(
  db: Database,
  campaign: string,
  number: number,
  { step, samples = 0 }: RoundWish = {},
): Promise<RoundDetail> {
  const round = await getRound(db, campaign, number)
  const [views, jobs] = await Promise.all([stepViews(db, campaign, number), listJobs(db, campaign, number)])
  const shown = step === undefined ? views : views.filter(({ name }) => name === step)
  if (step !== undefined && shown.length === 0)
    throw new HoneError({
      type: 'InvalidInput',
      message: `Round ${number} of ${campaign} has no step "${step}" yet.`,
      nextStep:
        views.length === 0
          ? `No step of it has begun. See how far the campaign is: hone status ${campaign}`
          : `Its steps: ${views.map(({ name }) => name).join(', ')}.`,
    })
  const names = new Set(shown.map(({ name }) => name))
  return {
    campaign,
    round: number,
    parent: round.parentNumber,
    status: round.status,
    decision: round.decision,
    reason: round.reason,
    checkpoint: round.checkpointId,
    steps: await Promise.all(shown.map((view) => stepDetail(db, campaign, view, samples))),
    jobs: await Promise.all(jobs.filter((job) => names.has(job.step)).map((job) => jobDetail(db, job))),
  }
}

async function stepDetail(db: Database, campaign: string, view: StepView, samples: number): Promise<StepDetail> {
  const [counts, requests, answers, datasetId] = await Promise.all([
    stepCounts(db, view.id),
    requestCounts(db, { campaign, stepId: view.id }),
    stepAnswers(db, view.id),
    samples === 0 ? null : datasetOfStep(db, view.id),
  ])
  const { droppedByReason, failedByReason } = counts
  const rows = datasetId === null ? [] : await sampleRows(db, datasetId, samples)
  return { ...view, droppedByReason, failedByReason, requests, answers, samples: rows }
}

/** Metrics whose curves are worth a look, by canonical name. */
const curveNames = ['loss', 'reward.mean']

async function jobDetail(db: Database, job: JobSummary): Promise<JobDetail> {
  const metrics = await lastMetrics(db, job.id)
  const names = curveNames.filter((name) => metrics[name] !== undefined)
  const curves = await Promise.all(
    names.map(async (name) => ({ name, values: (await metricSeries(db, job.id, name)).map(({ value }) => value) })),
  )
  return { ...job, metrics, curves }
}
