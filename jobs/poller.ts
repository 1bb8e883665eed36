import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../domain/errors.ts'
import type { JobHandle, JobStatus, Launcher } from './launchers/contract.ts'

/** Asks how one job is; see {@link createPoller}. */
export type PollJob = (handle: JobHandle) => Promise<JobStatus>

interface Round {
  handles: Map<string, JobHandle>
  answer: Promise<Map<string, JobStatus>>
}

/**
 * Joins the questions of all who watch jobs of one launcher: those that come while a round is being
 * gathered are asked in one call, and two rounds lie `traits.pollSeconds` apart. A scheduler is
 * asked once for a hundred jobs.
 */
export function createPoller(launcher: Pick<Launcher, 'poll' | 'traits'>): PollJob {
  let gathering: Round | null = null
  let lastAsked = Number.NEGATIVE_INFINITY

  const open = (): Round => {
    const handles = new Map<string, JobHandle>()
    const ask = async () => {
      // At least one turn of the loop: who asks at the same time is asked about in the same call.
      await sleep(Math.max(0, lastAsked + launcher.traits.pollSeconds * 1000 - performance.now()))
      gathering = null
      lastAsked = performance.now()
      return await launcher.poll([...handles.values()])
    }
    return { handles, answer: ask() }
  }

  return async (handle) => {
    gathering ??= open()
    const round = gathering
    round.handles.set(handle.key, handle)
    try {
      return (await round.answer).get(handle.key) ?? { state: 'unknown', reason: 'the launcher said nothing of it' }
    } catch (error) {
      return { state: 'unknown', reason: messageOf(error) }
    }
  }
}
