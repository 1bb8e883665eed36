/** States of a job that waits. The job may still leave the queue without having run. */
const waiting = new Set([
  'PENDING',
  'REQUEUED',
  'REQUEUE_HOLD',
  'REQUEUE_FED',
  'RESV_DEL_HOLD',
  'SPECIAL_EXIT',
  'CONFIGURING',
])
const running = new Set([
  'RUNNING',
  'COMPLETING',
  'SUSPENDED',
  'STOPPED',
  'SIGNALING',
  'STAGE_OUT',
  'RESIZING',
  'UPDATE_DB',
  'POWER_UP_NODE',
  'EXPEDITING',
])

export const isWaiting = (state: string) => waiting.has(state)
export const isOnNode = (state: string) => running.has(state)
/** Whether a job waits or runs. A state that only a newer Slurm has is neither active nor over. */
export const isActive = (state: string) => waiting.has(state) || running.has(state)

const ended = new Set([
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'TIMEOUT',
  'NODE_FAIL',
  'PREEMPTED',
  'BOOT_FAIL',
  'DEADLINE',
  'OUT_OF_MEMORY',
  'REVOKED',
  'LAUNCH_FAILED',
  'RECONFIG_FAIL',
])
export const isOver = (state: string) => ended.has(state)
