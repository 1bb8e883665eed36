import { Worker } from '@temporalio/worker'
import type { NativeConnection, WorkerOptions, WorkflowBundleWithSourceMap } from '@temporalio/worker'
import type { HoneActivities } from '../activities/types.ts'
import { dataConverter } from '../client/payload-limit.ts'
import { taskQueues } from '../domain/ids.ts'

/** How much of each resource this process may use at once. */
export interface Slots {
  io: number
  /** Shards, not requests: the engine bounds the requests to each endpoint. */
  inference: number
  /** Training jobs that are watched. Their places decide how many run. */
  gpu: number
}

/** A Temporal worker for each task queue, over one connection. */
export async function createWorkers(input: {
  connection: NativeConnection
  namespace: string
  bundle: WorkflowBundleWithSourceMap
  activities: HoneActivities
  slots: Slots
  /** Time for activities to notice a shutdown: jobs are left running, shards stop. */
  shutdownGraceSeconds: number
}): Promise<Worker[]> {
  const shared: Pick<
    WorkerOptions,
    'connection' | 'namespace' | 'dataConverter' | 'shutdownForceTime' | 'maxHeartbeatThrottleInterval'
  > = {
    connection: input.connection,
    namespace: input.namespace,
    dataConverter,
    maxHeartbeatThrottleInterval: '2 seconds',
    shutdownForceTime: `${input.shutdownGraceSeconds} seconds`,
  }
  const forActivities = (queue: keyof HoneActivities) =>
    Worker.create({
      ...shared,
      taskQueue: taskQueues[queue],
      activities: { ...input.activities[queue] },
      maxConcurrentActivityTaskExecutions: input.slots[queue],
    })
  return await Promise.all([
    Worker.create({ ...shared, taskQueue: taskQueues.orchestrator, workflowBundle: input.bundle }),
    forActivities('io'),
    forActivities('inference'),
    forActivities('gpu'),
  ])
}

/** Runs all workers until one of them ends or `stopped` settles, then ends the others. */
export async function runWorkers(workers: readonly Worker[], stopped: Promise<unknown>): Promise<void> {
  const runs = workers.map((worker) => worker.run())
  const shutdown = () => workers.forEach((worker) => worker.getState() === 'RUNNING' && worker.shutdown())
  await Promise.race([stopped, ...runs.map((run) => run.catch(() => undefined))])
  shutdown()
  await Promise.all(runs)
}
