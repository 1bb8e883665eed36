import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { errorCode, HoneError } from '../../../domain/errors.ts'
import { createJson, readIfThere, readJsonFile, readTail, replaceJson } from '../files.ts'
import { claimFile, exitWithoutProgram, jobFiles, markerName, wrapperPath } from '../folder.ts'
import type { JobFile } from '../folder.ts'
import { inheritedEnvironment, secretsOf } from '../secrets.ts'
import { readClaim } from '../status.ts'
import { identityOf, isAlive } from './processes.ts'

/** Who starts jobs: the Python that runs the wrapper, and the environment that jobs inherit. */
export interface Starter {
  python: string
  environment: NodeJS.ProcessEnv
}

/**
 * The wrapper that was started last, and how many were started: after a wrapper that dies before it
 * takes the job, another wrapper is started.
 */
const spawnedFile = claimFile.extend({ tries: z.int() })
const mostTries = 5
const logTail = 500

const spawnedPath = (directory: string) => join(jobFiles(directory).control, 'spawned.json')

/**
 * Whether the job waits for somebody to start it: nobody took it, asked for its end, or is about to
 * take it.
 */
export async function isIdle(directory: string): Promise<boolean> {
  const files = jobFiles(directory)
  if ((await readClaim(files.claim)) !== null) return false
  for (const path of [files.exit, files.cancel, files.stop]) if ((await readIfThere(path)) !== null) return false
  const spawned = await readJsonFile(spawnedPath(directory), spawnedFile).catch(() => null)
  return spawned === null || spawned.host !== hostname() || !isAlive(spawned)
}

/**
 * Starts the wrapper in a session of its own: neither the worker's end nor a Ctrl-C in its terminal
 * reaches the job.
 */
async function spawnWrapper(directory: string, env: Record<string, string>, python: string): Promise<number> {
  const files = jobFiles(directory)
  const output = await open(files.stderr, 'a')
  try {
    return await new Promise<number>((resolve, reject) => {
      const argv = ['-I', '-S', wrapperPath, files.control]
      const wrapper = spawn(python, argv, { detached: true, env, stdio: ['ignore', output.fd, output.fd] })
      wrapper.once('spawn', () => resolve(wrapper.pid ?? 0))
      wrapper.once('error', reject)
      wrapper.unref()
    })
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' && errorCode(error) !== 'EACCES') throw error
    throw new HoneError({
      type: 'MissingDependency',
      message: `Jobs are started by Python, and ${python} cannot be run.`,
      nextStep: 'Install Python 3.6 or newer, or name one in the site file.',
      cause: error,
    })
  } finally {
    await output.close()
  }
}

/**
 * Ends a job whose wrappers all die before they take it, and records the reason. Otherwise wrappers
 * would be started for ever.
 */
async function giveUp(directory: string): Promise<void> {
  const files = jobFiles(directory)
  const owner = { pid: 0, startTicks: null, bootId: null, host: hostname() }
  // A wrapper that took the job after all goes on.
  if (!(await createJson(files.claim, owner))) return
  const said = (await readTail(files.stderr, logTail)).trim()
  const error = `its wrapper ended ${mostTries} times before it had taken the job${said === '' ? '' : `: ${said}`}`
  await createJson(files.exit, exitWithoutProgram({ error }))
}

/**
 * Starts a job's wrapper unless somebody did. Of two wrappers that start at once, the claim decides
 * which runs the job. `deviceEnv` names the devices that the job may use. Throws MissingSecret or
 * MissingDependency.
 */
export async function startJob(
  job: JobFile,
  directory: string,
  { python, environment }: Starter,
  deviceEnv: Record<string, string> = {},
): Promise<void> {
  const secrets = secretsOf(job, environment)
  if (!(await isIdle(directory))) return
  const spawned = await readJsonFile(spawnedPath(directory), spawnedFile).catch(() => null)
  const tries = spawned?.tries ?? 0
  if (tries >= mostTries) return await giveUp(directory)
  const own = { HONE_JOB: job.key, [markerName]: job.id }
  const env = { ...inheritedEnvironment(environment), ...secrets, ...deviceEnv, ...own }
  const pid = await spawnWrapper(directory, env, python)
  await replaceJson(spawnedPath(directory), { ...identityOf(pid), tries: tries + 1 })
}
