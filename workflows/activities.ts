import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { GpuActivities, InferenceActivities, IoActivities } from '../activities/types.ts'
import { taskQueues } from '../domain/ids.ts'

/**
 * Activities for workflow code: types only, one proxy for each resource. The heartbeat timeout
 * limits how long the work of a killed worker waits. The number of attempts limits how long Hone
 * retries against a broken outside world.
 */
export const io = proxyActivities<IoActivities>({
  taskQueue: taskQueues.io,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '20 seconds',
  retry: { maximumAttempts: 10, initialInterval: '1 second', maximumInterval: '30 seconds' },
})

/**
 * Wait until a cancelled activity has really ended. The option must be written: without it the wire
 * says TRY_CANCEL, whatever the SDK's documentation calls the default. Then the head would move
 * while a trainer still runs.
 */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED

export const inference = proxyActivities<InferenceActivities>({
  taskQueue: taskQueues.inference,
  cancellationType,
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '20 seconds',
  retry: { maximumAttempts: 20, initialInterval: '2 seconds', maximumInterval: '2 minutes' },
})

/** The GPU proxy's time limit depends on the recipe, so each step makes its own proxy. */
export const gpu = (maxHours: number, summary: string) =>
  proxyActivities<GpuActivities>({
    taskQueue: taskQueues.gpu,
    cancellationType,
    startToCloseTimeout: `${Math.ceil(maxHours * 60)} minutes`,
    heartbeatTimeout: '20 seconds',
    summary,
    retry: { maximumAttempts: 50, initialInterval: '2 seconds', maximumInterval: '1 minute' },
  })
