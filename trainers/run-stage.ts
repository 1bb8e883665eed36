import { rm } from 'node:fs/promises'
import { contentHash } from '../artifacts/hash.ts'
import { HoneError } from '../domain/errors.ts'
import type { JobResources, ProductOptions } from '../domain/job-resources.ts'
import { attemptAt, attemptKey, endLastAttempt, jobFailed, runAttempts } from '../jobs/attempts.ts'
import type { Attempt, JobWorld } from '../jobs/attempts.ts'
import type { Environment } from '../jobs/command.ts'
import type { ModelServer } from '../jobs/servers/model-server.ts'
import { weightsProblem } from '../jobs/servers/verdict.ts'
import { verifyWeights } from '../jobs/servers/verify-weights.ts'
import { createStarvationWatch } from '../jobs/starvation.ts'
import type { JobLimits } from '../jobs/watch.ts'
import { failureVerdict } from './failures.ts'
import type { RlRow, SftRow } from './rows.ts'
import { stageHash } from './stage.ts'
import type { TrainingStage } from './stage.ts'
import type { SavedState, StageRun, Trainer, TrainerVerdict } from './trainer.ts'

/** A training with all of its input, and the server that will serve its weights. */
export interface StageJob {
  jobId: string
  stepId: number
  stage: TrainingStage
  trainer: Trainer
  /** Place of the training. Null: the site's default place. */
  place: string | null
  rows: () => AsyncIterable<SftRow | RlRow>
  /** Folders of weights, as this process sees them. */
  weights: { startFrom: string; base: string }
  /** How long the trainer waits for scores. Null for SFT. */
  rewardTimeoutSeconds: number | null
  /** Ids of the datasets, stored with the job besides the stage. */
  datasets: readonly string[]
  /** The server for the weights. They are checked in its environment. */
  serving: { server: ModelServer; place: string | null; resources: JobResources; options: ProductOptions }
  limits: JobLimits
  maxAttempts: number
  attemptsSoFar: number
}

/** The result of a training. Folders are as this process sees them. */
export interface StageResult {
  /** Complete, verified weights in the layout of Hugging Face. */
  output: string
  stepsDone: number
  seconds: number
  /** Kept weights of single steps, in the order of their steps. */
  kept: { step: number; path: string }[]
}

type Ok = Extract<TrainerVerdict, { outcome: 'ok' }>

const finalizeId = (jobId: string, attempt: number) => `${attemptKey(jobId, attempt)}/finalize`
const verifyId = (jobId: string, attempt: number) => `${attemptKey(jobId, attempt)}/verify`

/**
 * Trains, turns the training's output into complete weights, and checks these in the serving
 * environment. Each of the three is a job with its own attempts. After any crash, the next call
 * goes on with the first unfinished job.
 */
export async function runStage(world: JobWorld, job: StageJob): Promise<StageResult> {
  const { jobId, stage, trainer } = job
  const trained = await runAttempts<Ok>(world, {
    jobId,
    stepId: job.stepId,
    kind: stage.kind,
    backend: trainer.name,
    place: job.place,
    specHash: stageHash(trainer.name, stage),
    spec: { ...stage, datasets: job.datasets },
    limits: job.limits,
    maxAttempts: job.maxAttempts,
    attemptsSoFar: job.attemptsSoFar,
    plan: async (attempt) => {
      const run = await stageRun(world, job, attempt)
      return {
        command: trainer.command(stage, run),
        prepare: async () => void (await trainer.materialize(stage, job.rows(), run)),
        logs: trainer.logs(run),
        isStarved: createStarvationWatch(),
      }
    },
    verdict: (attempt, ended) => trainer.verdict(stage, attempt.run, ended),
    explain: (cause) => (cause === 'starved' ? starved(jobId, stage) : null),
  })
  await finalize(world, job, trained)
  await verify(world, job, trained, trained.made)
  const { output, stepsDone, seconds } = trained.made
  return { output, stepsDone, seconds, kept: await keptSteps(world, job, trained.number) }
}

async function stageRun(world: JobWorld, job: StageJob, attempt: Attempt): Promise<StageRun> {
  const { place, run, number } = attempt
  const environment = place.environment(job.trainer.environment)
  const reward =
    job.rewardTimeoutSeconds === null ? null : { ...place.reward, timeoutSeconds: job.rewardTimeoutSeconds }
  const resume = await resumePoint(world, job, number)
  return { ...run, environment, attempt: number, weights: job.weights, reward, resume }
}

/** Merges shards or adapters, when the trainer's own output is not complete weights. */
async function finalize(world: JobWorld, job: StageJob, trained: Attempt): Promise<void> {
  const { stage, trainer } = job
  const run = await stageRun(world, job, trained)
  const command = trainer.finalize(stage, run)
  if (command === null) return
  await runAttempts(world, {
    jobId: finalizeId(job.jobId, trained.number),
    stepId: job.stepId,
    kind: 'finalize',
    backend: trainer.name,
    place: trained.place.name,
    specHash: contentHash({ finalize: stageHash(trainer.name, stage), attempt: trained.number }),
    spec: { of: job.jobId, attempt: trained.number },
    limits: job.limits,
    maxAttempts: job.maxAttempts,
    attemptsSoFar: 0,
    plan: async () => ({ command }),
    verdict: async (_, { status, logs }) =>
      status.state === 'succeeded'
        ? { outcome: 'ok' }
        : failureVerdict({ ...trainer.failures, status, logs, madeSteps: false }),
  })
}

const sameEnvironment = (a: Environment, b: Environment): boolean =>
  a.python === b.python && a.prefix.join(' ') === b.prefix.join(' ')

/**
 * Checks the weights in the serving environment. This is skipped when the trainer has already
 * checked them in the same environment: loading a large model takes minutes.
 */
async function verify(world: JobWorld, job: StageJob, trained: Attempt, made: Ok): Promise<void> {
  const { serving, jobId } = job
  const servingPlace = world.places.get(serving.place)
  const isSame = sameEnvironment(
    trained.place.environment(job.trainer.environment),
    servingPlace.environment(serving.server.environment),
  )
  if (made.verified !== null && isSame && weightsProblem(made.verified) === null) return
  const problem = await verifyWeights(world, {
    jobId: verifyId(jobId, trained.number),
    stepId: job.stepId,
    serving,
    weights: { model: made.output, base: job.weights.base, start: job.weights.startFrom },
    identity: { of: stageHash(job.trainer.name, job.stage), attempt: trained.number },
    limits: job.limits,
    maxAttempts: job.maxAttempts,
  })
  if (problem === null) return
  // The attempt is useless: the next run of the step trains again.
  await world.store.setAttempt(jobId, trained.number, { state: 'failed', reason: problem })
  throw jobFailed(
    jobId,
    problem,
    'If weights do not differ, look at learning rate and rewards; else at the log of the verify job.',
  )
}

/**
 * Kept weights of single steps. When two attempts kept the same step, the later attempt counts.
 * Attempts of earlier runs of the step count too, because publishing may have failed in one of
 * them. An attempt keeps again each step that it trains again.
 */
async function keptSteps(world: JobWorld, job: StageJob, attempt: number): Promise<{ step: number; path: string }[]> {
  if (!('snapshots' in job.stage.settings)) return []
  const byStep = new Map<number, string>()
  for (const record of await world.store.attempts(job.jobId)) {
    if (record.attempt > attempt) continue
    const { run } = attemptAt(world, job.jobId, record)
    for (const { step, path } of await job.trainer.snapshots(run)) byStep.set(step, path)
  }
  return [...byStep].map(([step, path]) => ({ step, path })).sort((a, b) => a.step - b.step)
}

/** A complete checkpoint of an earlier attempt in this run of the step, or null. */
async function resumePoint(world: JobWorld, job: StageJob, attempt: number): Promise<SavedState | null> {
  const processes = Math.max(1, job.stage.resources.gpus ?? 1)
  const earlier = (await world.store.attempts(job.jobId)).filter(
    (record) => record.attempt < attempt && record.attempt > job.attemptsSoFar,
  )
  for (const record of earlier.toReversed()) {
    const found = await job.trainer.checkpoints(attemptAt(world, job.jobId, record).run)
    const whole = found.find(({ complete, world: saved }) => complete && (saved === null || saved === processes))
    if (whole) return whole
  }
  return null
}

/** Ends all running jobs of a training: the training itself, and the jobs after it. */
export async function endStage(world: Pick<JobWorld, 'store' | 'places'>, jobId: string): Promise<void> {
  const latest = await world.store.latestAttempt(jobId)
  if (latest)
    for (const id of [finalizeId(jobId, latest.attempt), verifyId(jobId, latest.attempt)])
      await endLastAttempt(world, id)
  await endLastAttempt(world, jobId)
}

/**
 * Frees disk space after a training was published: its optimizer states are several times the size
 * of the weights. Logs, settings and metrics stay.
 */
export async function discardSpent(
  world: Pick<JobWorld, 'store' | 'places'>,
  jobId: string,
  trainer: Trainer,
): Promise<void> {
  for (const record of await world.store.attempts(jobId))
    for (const path of trainer.spent(attemptAt(world, jobId, record).run))
      await rm(path, { recursive: true, force: true })
}

/** The error for a starved training. Another try would starve too: the recipe has to change. */
function starved(jobId: string, stage: TrainingStage): HoneError {
  const cap = 'maxCompletionTokens' in stage.settings ? stage.settings.maxCompletionTokens : 0
  return new HoneError({
    type: 'TrainingFailed',
    message: `${jobId} was stopped: nearly all of its completions hit the cap of ${cap} tokens and all earned the same reward, so there was nothing to learn`,
    nextStep:
      'start a campaign whose rl step or phase has a larger maxCompletionTokens, or SFT data with shorter reasoning',
  })
}
