import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { isTerminal } from '../launchers/contract.ts'
import type { JobHandle, Launcher } from '../launchers/contract.ts'
import type { PollJob } from '../poller.ts'
import type { ServerPlan } from './model-server.ts'

const modelList = z.object({ data: z.array(z.object({ id: z.string(), root: z.string().nullish() })) })
const probeTimeoutMs = 2000
const lookMs = 100

/** The result of waiting for a server. `queued`: it never started to run. */
export type Readiness = { state: 'ready'; root: string } | { state: 'ended' } | { state: 'late' | 'queued' }

/**
 * Whether the server is alive and serves the planned model. Both are checked, because a stale
 * server may answer on the port.
 */
async function isReady(root: string, plan: ServerPlan): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(probeTimeoutMs)
    const health = await fetch(`${root}${plan.healthPath}`, { signal })
    await health.arrayBuffer()
    if (!health.ok) return false
    const listed = await fetch(`${root}/v1/models`, { signal })
    const models = modelList.parse(await listed.json())
    return models.data.some(
      ({ id, root: from }) => id === plan.readyModel && (from ?? plan.readyRoot) === plan.readyRoot,
    )
  } catch {
    return false
  }
}

export interface WaitOptions {
  launcher: Launcher
  poll: PollJob
  handle: JobHandle
  plan: ServerPlan
  /** Longest time that the server may wait for its place. */
  queueSeconds: number
  /** Port on this machine, for a server from before servers recorded their address. */
  oldPort: number | undefined
  signal?: AbortSignal
  /** Reports the server's state, because it may wait for hours. */
  progress?: (details: Record<string, unknown>) => void
}

/**
 * Waits until the server answers for the planned model. Time in a queue and time for loading have
 * separate limits. Abort with the reason `cancel` to end the server. Any other reason leaves it for
 * the next worker.
 */
export async function waitReady(options: WaitOptions): Promise<Readiness> {
  const { launcher, poll, handle, plan, queueSeconds, oldPort, signal } = options
  const began = Date.now()
  let runningSince: number | null = null
  for (;;) {
    if (signal?.aborted === true) {
      if (signal.reason === 'cancel') await launcher.cancel(handle, plan.command.gracePeriodSeconds)
      signal.throwIfAborted()
    }
    const status = await poll(handle)
    if (isTerminal(status.state)) return { state: 'ended' }
    options.progress?.({ server: handle.key, state: status.state, place: handle.place, waits: status.reason ?? null })
    if (status.state === 'running') {
      runningSince ??= Date.now()
      const address = (await launcher.address(handle)) ?? (oldPort === undefined ? null : `127.0.0.1:${oldPort}`)
      if (address !== null && (await isReady(`http://${address}`, plan)))
        return { state: 'ready', root: `http://${address}` }
      if (Date.now() - runningSince > plan.readyWithinSeconds * 1000) return { state: 'late' }
    } else if (runningSince === null && Date.now() - began > queueSeconds * 1000) return { state: 'queued' }
    await sleep(lookMs)
  }
}
