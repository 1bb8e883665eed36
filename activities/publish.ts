import { checkpointOfJob, recordCheckpoint } from '../db/checkpoints.ts'
import { lastMetrics, latestAttempt } from '../db/jobs.ts'
import type { JobWorld } from '../jobs/attempts.ts'
import { runStage } from '../trainers/run-stage.ts'
import type { StageJob } from '../trainers/run-stage.ts'
import type { Deps } from './deps.ts'
import type { TrainingResult } from './types.ts'

type Store = Pick<Deps, 'db' | 'store'>

/**
 * Trains a stage and publishes the weights. A job that has published its end is over: nothing is
 * trained again. `job` is called only where there is something to train.
 */
export async function trainAndPublish(
  deps: Store,
  world: JobWorld,
  { jobId, job: stageJob }: { jobId: string; job: () => Promise<StageJob> },
): Promise<TrainingResult> {
  const published = await checkpointOfJob(deps.db, jobId)
  if (published) return await resultOf(deps, jobId, published.id)
  const job = await stageJob()
  const { kept, output, stepsDone } = await runStage(world, job)
  // Kept steps are published before the end, because the job counts as done once the end is
  // recorded.
  for (const { step, path } of kept) await publish(deps, job, path, step)
  return { ...(await resultOf(deps, jobId, await publish(deps, job, output))), stepsDone }
}

/**
 * Publishes weights by rename into the store, then records them. After a crash between the two the
 * same bytes are published again.
 */
async function publish(
  deps: Store,
  { stepId, jobId, stage }: StageJob,
  folder: string,
  trainStep?: number,
): Promise<string> {
  const { hash: id, path, bytes } = await deps.store.publishCheckpoint(folder)
  const end = { stepId, jobId, startCheckpointId: stage.startFrom }
  const madeBy = trainStep === undefined ? end : { ...end, trainStep }
  return (await recordCheckpoint(deps.db, { id, path, bytes, madeBy })).id
}

/** The result of a training that is done. It made all its planned steps, which its log counts. */
async function resultOf(deps: Store, jobId: string, checkpoint: string): Promise<TrainingResult> {
  const last = await latestAttempt(deps.db, jobId)
  const seconds = last?.startedAt && last.finishedAt ? (last.finishedAt.getTime() - last.startedAt.getTime()) / 1000 : 0
  const { totalSteps = 0 } = await lastMetrics(deps.db, jobId)
  return { checkpoint, stepsDone: totalSteps, seconds }
}
