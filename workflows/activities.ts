import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type { GpuActivities, InferenceActivities, IoActivities } from '../activities/types.ts'
import { taskQueues } from '../domain/ids.ts'

/**
 * Activities as workflow code sees them: types only, a proxy for each resource. The heartbeat
 * timeout bounds how long the work of a killed worker waits. The number of attempts bounds how long
 * a broken outside world is tried.
 */
export const io = proxyActivities<IoActivities>({
  taskQueue: taskQueues.io,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '20 seconds',
  retry: { maximumAttempts: 10, initialInterval: '1 second', maximumInterval: '30 seconds' },
})

/**
 * Wait until a cancelled activity has really ended. Said outright, because leaving it out means
 * TRY_CANCEL on the wire, whatever the SDK's documentation calls the default: the head would move
 * while a trainer still runs.
 */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED

export const inference = proxyActivities<InferenceActivities>({
  taskQueue: taskQueues.inference,
  cancellationType,
  // A provider's batch takes up to a day.
  startToCloseTimeout: '26 hours',
  heartbeatTimeout: '20 seconds',
  retry: { maximumAttempts: 20, initialInterval: '2 seconds', maximumInterval: '2 minutes' },
})

/** The GPU proxy is made for each step, because its time limit depends on the recipe. */
export const gpu = (maxHours: number, summary: string) =>
  proxyActivities<GpuActivities>({
    taskQueue: taskQueues.gpu,
    cancellationType,
    startToCloseTimeout: `${Math.ceil(maxHours * 60)} minutes`,
    heartbeatTimeout: '20 seconds',
    summary,
    retry: { maximumAttempts: 50, initialInterval: '2 seconds', maximumInterval: '1 minute' },
  })
