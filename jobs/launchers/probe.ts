import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '../../domain/errors.ts'
import type { Command } from '../command.ts'
import { isTerminal } from './contract.ts'
import type { JobHandle, Launcher } from './contract.ts'

const nothing: Command = {
  kind: 'task',
  argv: ['true'],
  env: {},
  secretEnv: [],
  cwd: '/',
  gracePeriodSeconds: 1,
  resources: {},
  setup: [],
}
const pollMs = 1000

async function whyItDidNotRun(launcher: Launcher, handle: JobHandle, seconds: number): Promise<string | null> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const status = (await launcher.poll([handle])).get(handle.key)
    if (status?.state === 'succeeded') return null
    if (status !== undefined && isTerminal(status.state)) {
      const { stderr } = await launcher.logs(handle, { maxBytes: 500 })
      return `it ${status.state === 'lost' ? 'was lost' : 'failed'}: ${status.reason ?? ''} ${stderr.trim()}`.trim()
    }
    if (Date.now() > deadline) return `it is ${status?.state ?? 'unknown'} after ${seconds} s: ${status?.reason ?? ''}`
    await sleep(pollMs)
  }
}

/**
 * Runs the smallest possible job at a place. Only such a job proves that a node sees the shared
 * folder and has a Python. The job may wait in the queue for `seconds`. Leaves nothing behind.
 */
export async function probe(
  launcher: Launcher,
  { seconds }: { seconds: number },
): Promise<{ problem: string; fix: string }[]> {
  const fix =
    'Give the nodes the folder of the jobs and a Python 3.6 or newer (`python` in the site file), then try again.'
  try {
    const handle = await launcher.ensure(`probe/${randomUUID()}`, 'probe', nothing)
    const why = await whyItDidNotRun(launcher, handle, seconds)
    await launcher.cancel(handle, 1)
    await launcher.cleanup(handle)
    return why === null ? [] : [{ problem: `An empty test job did not run at place ${launcher.place}: ${why}`, fix }]
  } catch (error) {
    return [
      { problem: `An empty test job could not be started at place ${launcher.place}: ${describeError(error)}`, fix },
    ]
  }
}
