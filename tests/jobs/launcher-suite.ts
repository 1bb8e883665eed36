import { afterEach, beforeEach } from 'vitest'
import type { JobHandle } from '../../jobs/launchers/contract.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { jobsEnd } from './launcher-ends.ts'
import { jobsRun } from './launcher-jobs.ts'
import { schedulerFails } from './launcher-scheduler.ts'
import { jobTools } from './launcher-world.ts'
import type { LauncherWorld } from './launcher-world.ts'

export interface SuiteOptions {
  open(): Promise<LauncherWorld>
  /** Whether the world has a {@link LauncherWorld.scheduler}. */
  hasScheduler: boolean
  /** Why no job can be made to run out of memory here; null when it can. */
  noMemoryLimit: string | null
  /** Longest time of one test, in milliseconds. */
  timeoutMs?: number
}

/** The suite that every launcher passes: what contract.ts promises, on the real thing. */
export function launcherSuite(name: string, options: SuiteOptions): void {
  const { hasScheduler, noMemoryLimit, timeoutMs = 60_000 } = options
  let world: LauncherWorld
  const tools = jobTools(() => world)
  const processes = async (handle: JobHandle) => await world.processes(await tools.jobId(handle))
  const isGone = async (handle: JobHandle): Promise<true> => {
    while ((await processes(handle)).length > 0) await sleep(20)
    return true
  }
  const all = { ...tools, name, timeoutMs, world: () => world, processes, isGone }

  beforeEach(async () => {
    world = await options.open()
  }, timeoutMs)
  afterEach(async () => {
    await world.close()
  }, timeoutMs)

  jobsRun(all, noMemoryLimit)
  jobsEnd(all)
  if (hasScheduler) schedulerFails(all)
}
