import { checkpointOfJob, recordCheckpoint } from '../db/checkpoints.ts'
import type { CheckpointRecord } from '../db/checkpoints.ts'
import { latestAttempt, newAttempt, recordIntent, setAttempt, setIntent, upsertMetrics } from '../db/jobs.ts'
import { HoneError } from '../domain/errors.ts'
import type { Recipe } from '../domain/recipe.ts'
import { runJob } from '../jobs/run-job.ts'
import type { JobOutcome, JobProgress } from '../jobs/run-job.ts'
import { createStarvationWatch } from '../jobs/starvation.ts'
import { stageHash } from '../jobs/trainer.ts'
import type { TrainerVerdict, TrainingStage, Weights } from '../jobs/trainer.ts'
import type { Deps } from './deps.ts'
import type { Activity } from './failures.ts'
import { jobSignal } from './failures.ts'
import type { TrainingResult } from './types.ts'

interface TrainJob {
  jobId: string
  stepId: number
  stage: TrainingStage
  /** Ids of the datasets that its rows come from: a phase's own, where its step has several. */
  datasets: readonly string[]
  start: Weights
  limits: Recipe['limits']
  attemptsSoFar: number
}

const pollIntervalMs = 1000
const logTailBytes = 16_384
/** What a trainer gets to end in peace when its step is over. */
const stopGraceSeconds = 15

/**
 * Intent in Postgres → look up → submit → record. A job that is under way is attached to, one that ended well is not trained again, one that was
 * lost or interrupted gets another attempt under a number of its own while the recipe's limit allows.
 */
export async function trainJob(deps: Deps, job: TrainJob, activity: Activity): Promise<TrainingResult> {
  const specHash = stageHash(deps.trainer.name, job.stage)
  const { rows: _, ...spec } = job.stage
  await recordIntent(deps.db, {
    jobId: job.jobId,
    stepId: job.stepId,
    kind: job.stage.kind,
    backend: deps.trainer.name,
    launcher: deps.launcher.name,
    specHash,
    spec: { ...spec, datasets: job.datasets },
  })
  const published = await checkpointOfJob(deps.db, job.jobId)
  if (published) return await resultOf(deps, job, published)
  let attempt = await attemptToWatch(deps, job)
  for (;;) {
    const ended = await watchAttempt(deps, job, specHash, attempt, activity)
    if (ended.outcome === 'ok') return await publish(deps, job, attempt, ended)
    if (ended.outcome === 'fatal') throw trainingFailed(job, ended.reason, ended.nextStep)
    if (attempt - job.attemptsSoFar >= job.limits.attemptsPerJob)
      throw trainingFailed(
        job,
        `${ended.reason} (attempt ${attempt})`,
        'look at the log of its run folder, mend the cause, then `hone resume`',
      )
    attempt = await nextAttempt(deps, job)
  }
}

const attemptKey = (job: Pick<TrainJob, 'jobId'>, attempt: number): string => `${job.jobId}/attempt-${attempt}`

/**
 * Ends what the last attempt of a job left running. Usually the activity that watches a job ends it; one whose worker died is cancelled by the
 * server without a word to anybody, and then its trainer would go on beside the next round's.
 */
export async function endLastAttempt(deps: Deps, jobId: string): Promise<void> {
  const latest = await latestAttempt(deps.db, jobId)
  if (!latest || ['succeeded', 'failed', 'cancelled', 'lost'].includes(latest.state)) return
  const handle = await deps.launcher.find(attemptKey({ jobId }, latest.attempt))
  if (handle) await deps.launcher.cancel(handle, stopGraceSeconds, 'request')
  await setAttempt(deps.db, jobId, latest.attempt, { state: 'cancelled', reason: 'request', finishedAt: new Date() })
}

const nextAttempt = (deps: Deps, job: TrainJob): Promise<number> =>
  newAttempt(deps.db, job.jobId, (attempt) => deps.launcher.directory(attemptKey(job, attempt)))

/** The attempt under way, or a new one when there is none or the last one has ended badly. */
async function attemptToWatch(deps: Deps, job: TrainJob): Promise<number> {
  const latest = await latestAttempt(deps.db, job.jobId)
  if (!latest || ['failed', 'cancelled', 'lost'].includes(latest.state)) return await nextAttempt(deps, job)
  return latest.attempt
}

async function watchAttempt(
  deps: Deps,
  job: TrainJob,
  specHash: string,
  attempt: number,
  activity: Activity,
): Promise<TrainerVerdict> {
  const key = attemptKey(job, attempt)
  const directory = deps.launcher.directory(key)
  const stage = { ...job.stage, resumeFrom: await resumePoint(deps, job, attempt) }
  const outcome = await runJob({
    launcher: deps.launcher,
    key,
    specHash,
    spec: deps.trainer.command(stage, directory, attempt),
    prepare: async () => {
      await deps.trainer.materialize(stage, directory)
    },
    metrics: { sources: deps.trainer.metrics(directory), canonical: (name) => deps.trainer.canonical(name) },
    signal: jobSignal(activity, deps.shutdown),
    pollIntervalMs,
    limits: {
      queueSeconds: job.limits.queueHours * 3600,
      runSeconds: job.limits.runHours * 3600,
      stallSeconds: job.limits.stallMinutes * 60,
    },
    isStarved: createStarvationWatch(),
    onProgress: (progress) => report(deps, job, attempt, progress, activity),
  })
  return await judge(deps, job, attempt, directory, outcome)
}

/** Metrics go to Postgres while the job runs; people see step and loss under the activity. */
async function report(
  deps: Deps,
  job: TrainJob,
  attempt: number,
  progress: JobProgress,
  activity: Activity,
): Promise<void> {
  const { handle, status, points, step, totalSteps } = progress
  await setAttempt(deps.db, job.jobId, attempt, {
    handle,
    state: status.state,
    startedAt: status.startedAt === undefined ? null : new Date(status.startedAt),
  })
  await upsertMetrics(
    deps.db,
    points.map(({ segment, step, name, canonical, value, time }) => ({
      jobId: job.jobId,
      attempt,
      segment,
      step,
      name,
      canonical,
      value,
      at: new Date(time === null ? Date.now() : time * 1000),
    })),
  )
  const shown = points.findLast(({ canonical }) => canonical === 'reward.mean' || canonical === 'loss')
  activity.progress({
    state: status.state,
    done: step,
    total: totalSteps,
    ...(shown?.canonical && { [shown.canonical]: shown.value }),
  })
}

/** Earlier attempts of this run of the step may have left a whole checkpoint to go on from. */
async function resumePoint(deps: Deps, job: TrainJob, attempt: number): Promise<string | null> {
  for (let earlier = attempt - 1; earlier > job.attemptsSoFar; earlier--) {
    const found = await deps.trainer.checkpoints(deps.launcher.directory(attemptKey(job, earlier)))
    const whole = found.find((checkpoint) => checkpoint.complete)
    if (whole) return whole.path
  }
  return null
}

async function judge(
  deps: Deps,
  job: TrainJob,
  attempt: number,
  directory: string,
  outcome: JobOutcome,
): Promise<TrainerVerdict> {
  if (outcome.outcome === 'detached')
    throw new Error('the worker is shutting down; the job goes on and is attached to again')
  const { handle, status } = outcome
  const ended = (state: string, reason: string | null) =>
    setAttempt(deps.db, job.jobId, attempt, {
      state,
      reason,
      exitCode: status.exitCode ?? null,
      signal: status.signal ?? null,
      finishedAt: new Date(status.finishedAt ?? Date.now()),
    })
  if (outcome.outcome === 'cancelled') {
    await ended('cancelled', outcome.cause)
    if (outcome.cause === 'request') {
      await setIntent(deps.db, job.jobId, 'cancel')
      throw new Error('the job was cancelled on request')
    }
    if (outcome.cause === 'starved') throw starved(job)
    const type = outcome.cause === 'stalled' ? 'TrainingStalled' : 'LimitExceeded'
    throw new HoneError({
      type,
      message: `${job.jobId} was stopped: ${status.reason ?? outcome.cause}`,
      nextStep:
        'look at its log and metrics; raise limits in the recipe of a new campaign, or `hone resume` to try again',
    })
  }
  const verdict = await deps.trainer.success(directory, {
    status,
    logs: await deps.launcher.logs(handle, { maxBytes: logTailBytes }),
  })
  if (verdict.outcome === 'ok') await ended('succeeded', null)
  else await ended(status.state === 'lost' ? 'lost' : 'failed', verdict.reason)
  return verdict
}

/** Published by rename into the store, then recorded: a crash between the two publishes the same bytes again. */
async function publish(
  deps: Deps,
  job: TrainJob,
  attempt: number,
  { output }: Extract<TrainerVerdict, { outcome: 'ok' }>,
): Promise<TrainingResult> {
  const publishOne = async (folder: string, trainStep?: number) => {
    const { hash: id, path, bytes } = await deps.store.publishCheckpoint(folder)
    const madeBy = { stepId: job.stepId, jobId: job.jobId, startCheckpointId: job.start.hash }
    return await recordCheckpoint(deps.db, {
      id,
      path,
      bytes,
      madeBy: trainStep === undefined ? madeBy : { ...madeBy, trainStep },
    })
  }
  // Kept steps before the end: once the end is recorded the job counts as done.
  for (const { step, path } of await keptSteps(deps, job, attempt)) await publishOne(path, step)
  await setAttempt(deps.db, job.jobId, attempt, { state: 'succeeded' })
  const checkpoint = await publishOne(output)
  return await resultOf(deps, job, checkpoint)
}

/**
 * Weights kept of single steps; where two attempts kept a step, the later one's. The attempts of earlier runs of the step
 * count too: publishing may have broken off in one of them. An attempt keeps anew what it did not go on from.
 */
async function keptSteps(deps: Deps, job: TrainJob, attempt: number): Promise<{ step: number; path: string }[]> {
  if (!('snapshots' in job.stage.settings)) return []
  const byStep = new Map<number, string>()
  for (let each = 1; each <= attempt; each++)
    for (const { step, path } of await deps.trainer.snapshots(deps.launcher.directory(attemptKey(job, each))))
      byStep.set(step, path)
  return [...byStep].map(([step, path]) => ({ step, path })).sort((a, b) => a.step - b.step)
}

async function resultOf(deps: Deps, job: TrainJob, checkpoint: CheckpointRecord): Promise<TrainingResult> {
  const last = await latestAttempt(deps.db, job.jobId)
  const seconds = last?.startedAt && last.finishedAt ? (last.finishedAt.getTime() - last.startedAt.getTime()) / 1000 : 0
  const { settings } = job.stage
  const stepsDone = 'steps' in settings ? settings.steps : (settings.maxSteps ?? 0)
  return { checkpoint: checkpoint.id, stepsDone, seconds }
}

/** Trying again would starve again: the recipe has to change. */
function starved({ jobId, stage }: TrainJob): HoneError {
  const cap = 'maxCompletionTokens' in stage.settings ? stage.settings.maxCompletionTokens : 0
  return new HoneError({
    type: 'TrainingFailed',
    message: `${jobId} was stopped: nearly all of its completions hit the cap of ${cap} tokens and none earned more than another, so there was nothing to learn from`,
    nextStep:
      'start a campaign whose rl step or phase has a larger maxCompletionTokens, or SFT data with shorter reasoning',
  })
}

const trainingFailed = (job: TrainJob, reason: string, nextStep: string) =>
  new HoneError({ type: 'TrainingFailed', message: `${job.jobId}: ${reason}`, nextStep })
