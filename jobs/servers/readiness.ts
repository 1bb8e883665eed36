import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { isTerminal } from '../launchers/contract.ts'
import type { JobHandle, Launcher } from '../launchers/contract.ts'
import type { PollJob } from '../poller.ts'
import type { ServerPlan } from './model-server.ts'

const modelList = z.object({ data: z.array(z.object({ id: z.string(), root: z.string().nullish() })) })
const probeTimeoutMs = 2000
const lookMs = 100

/** How waiting for a server ended; `queued` when it never came to run. */
export type Readiness = { state: 'ready'; root: string } | { state: 'ended' } | { state: 'late' | 'queued' }

/**
 * Alive and serving what we planned: both are asked, because a stale server may answer on the port.
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
  /** How long the server may wait for its place. */
  queueSeconds: number
  /**
   * Port on this machine of a server that was started before servers wrote down where they listen.
   */
  oldPort: number | undefined
  signal?: AbortSignal
  /** Says how the server is: it may wait for hours. */
  progress?: (details: Record<string, unknown>) => void
}

/**
 * Waits until the server answers for the planned model. Time in a queue and time to load are
 * limited apart. An abort with the reason `cancel` ends the server; any other reason leaves it for
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
