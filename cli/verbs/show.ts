import { Command } from 'commander'
import type { Database } from '../../db/database.ts'
import { lastMetrics, listJobs, metricSeries, type JobSummary } from '../../db/jobs.ts'
import { requestCounts, type RequestTotals } from '../../db/replies.ts'
import { getRound, listRounds } from '../../db/rounds.ts'
import { sampleRows, type SampledRow } from '../../db/rows.ts'
import { datasetOfStep } from '../../db/step-progress.ts'
import { stepCounts, type StepCounts } from '../../db/steps.ts'
import { stepViews, type StepView } from '../../db/round-views.ts'
import { HoneError } from '../../domain/errors.ts'
import { chooseCampaign, withDatabase } from '../connections.ts'
import { wholeNumber } from '../options.ts'
import { roundLines } from '../text/round.ts'
import { print, printJson, type Terminal } from '../terminal.ts'

const EXAMPLES = `
Examples:
  $ hone show demo 2
  $ hone show demo 2 --step reason --samples 5
  $ hone show 2 --json | jq '.steps[] | {name, rowsIn, rowsOut, droppedByReason}'

With one word that is a number, it is the round. Without a round: the one that runs, else the newest.`

/** A step of a round with all that is known of it. */
export interface StepDetail extends StepView, Pick<StepCounts, 'droppedByReason' | 'failedByReason'> {
  requests: RequestTotals
  samples: SampledRow[]
}

/** A job with the numbers it logged: the newest of each metric, and one curve worth a look. */
export interface JobDetail extends JobSummary {
  metrics: Record<string, number>
  curves: { name: string; values: number[] }[]
}

/** A round as `hone show` prints it. */
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

interface Options {
  step?: string
  samples?: number
  json?: boolean
}

/** `hone show [CAMPAIGN] [ROUND]`: a round's steps, jobs and samples. */
export function showCommand(terminal: Terminal): Command {
  return new Command('show')
    .description(
      'Show one round: its steps with rows and reasons, model calls, jobs with their metrics, and sample rows.',
    )
    .argument('[campaign]', 'id of the campaign; may be left out while there is only one')
    .argument('[round]', 'number of the round')
    .option('--step <name>', 'only this step, with sample rows')
    .option('--samples <number>', 'sample rows a step (default: 3 with --step, else 0)', wholeNumber)
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (first: string | undefined, second: string | undefined, options: Options) => {
      const isRound = second === undefined && first !== undefined && /^\d+$/.test(first)
      const number = isRound ? first : second
      const detail = await withDatabase(terminal, async (db) => {
        const { id } = await chooseCampaign(db, isRound ? undefined : first)
        return roundDetail(db, id, number === undefined ? await newestRound(db, id) : roundNumber(number), options)
      })
      if (options.json === true) printJson(terminal, detail)
      else print(terminal, ...roundLines(detail))
    })
}

function roundNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new HoneError({
    type: 'InvalidInput',
    message: `A round is a number, not "${text}".`,
    nextStep: 'For example: hone show demo 2',
  })
}

async function newestRound(db: Database, campaign: string): Promise<number> {
  const rounds = await listRounds(db, campaign)
  return (rounds.find(({ status }) => status === 'running') ?? rounds.at(-1))?.number ?? 0
}

/** Everything about a round. Throws UnknownRound, or InvalidInput for a step that it does not have. */
export async function roundDetail(
  db: Database,
  campaign: string,
  number: number,
  { step, samples = step === undefined ? 0 : 3 }: Pick<Options, 'step' | 'samples'> = {},
): Promise<RoundDetail> {
  const round = await getRound(db, campaign, number)
  const [views, jobs] = await Promise.all([stepViews(db, campaign, number), listJobs(db, campaign, number)])
  const shown = step === undefined ? views : views.filter(({ name }) => name === step)
  if (step !== undefined && shown.length === 0)
    throw new HoneError({
      type: 'InvalidInput',
      message: `Round ${number} of ${campaign} has no step "${step}" yet.`,
      nextStep:
        views.length === 0 ? 'It has not begun one.' : `Its steps: ${views.map(({ name }) => name).join(', ')}.`,
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
  const [counts, requests, datasetId] = await Promise.all([
    stepCounts(db, view.id),
    requestCounts(db, { campaign, stepId: view.id }),
    samples === 0 ? null : datasetOfStep(db, view.id),
  ])
  const { droppedByReason, failedByReason } = counts
  const rows = datasetId === null ? [] : await sampleRows(db, datasetId, samples)
  return { ...view, droppedByReason, failedByReason, requests, samples: rows }
}

async function jobDetail(db: Database, job: JobSummary): Promise<JobDetail> {
  const metrics = await lastMetrics(db, job.id)
  const names = ['loss', 'reward.mean'].filter((name) => metrics[name] !== undefined)
  const curves = await Promise.all(
    names.map(async (name) => ({ name, values: (await metricSeries(db, job.id, name)).map(({ value }) => value) })),
  )
  return { ...job, metrics, curves }
}
