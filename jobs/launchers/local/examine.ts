import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../../../domain/errors.ts'
import { detectGpus } from './devices.ts'

const run = promisify(execFile)
const timeoutMs = 20_000

/** Something that keeps a place from taking jobs, and what to do about it. */
export interface Problem {
  problem: string
  fix: string
}

const sentence = (error: unknown) => messageOf(error).split('\n', 1)[0] ?? ''

async function examinePython(python: string, environment: NodeJS.ProcessEnv): Promise<Problem[]> {
  const fix = 'Install Python 3.6 or newer, or name one in the site file.'
  try {
    const script = 'import sys; print(sys.version_info >= (3, 6), sys.version.split()[0])'
    const options = { env: environment, timeout: timeoutMs }
    const { stdout } = await run(python, ['-I', '-S', '-c', script], options)
    const [isNewEnough, version] = stdout.trim().split(' ')
    return isNewEnough === 'True' ? [] : [{ problem: `${python} is Python ${version}, too old to start jobs.`, fix }]
  } catch (error) {
    return [{ problem: `Jobs are started by Python, and ${python} cannot be run: ${sentence(error)}`, fix }]
  }
}

/** Looks, and makes nothing: a folder that is not there yet is made by the first job. */
async function examineFolder(root: string): Promise<Problem[]> {
  let at = root
  while (!existsSync(at)) at = dirname(at)
  try {
    await access(at, constants.W_OK | constants.X_OK)
    return []
  } catch (error) {
    const fix = 'Give the worker a folder that it may write to, on a disk with room.'
    return [{ problem: `The folder of the jobs, ${root}, cannot be written to: ${sentence(error)}`, fix }]
  }
}

async function examineGpus(gpus: readonly number[] | null, environment: NodeJS.ProcessEnv): Promise<Problem[]> {
  if (gpus?.length === 0) return []
  const fix = 'Correct the GPUs of the place in the site file, or the driver of the machine.'
  try {
    const seen = await detectGpus(environment)
    const absent = (gpus ?? []).filter((index) => !seen.includes(String(index)))
    if (absent.length === 0) return []
    return [{ problem: `The place has the GPUs ${absent.join(', ')}, and this machine shows none of them.`, fix }]
  } catch (error) {
    return [{ problem: sentence(error), fix }]
  }
}

/** What keeps this machine from running jobs; empty when nothing does. */
export async function examineMachine({
  root,
  python,
  gpus,
  environment,
}: {
  root: string
  python: string
  gpus: readonly number[] | null
  environment: NodeJS.ProcessEnv
}): Promise<Problem[]> {
  const proc = existsSync('/proc/self/environ')
    ? []
    : [
        {
          problem: 'Local jobs need the /proc file system of Linux.',
          fix: 'Run the worker on Linux (a container or WSL will do), or use another launcher.',
        },
      ]
  const found = await Promise.all([
    examinePython(python, environment),
    examineFolder(root),
    examineGpus(gpus, environment),
  ])
  return [...proc, ...found.flat()]
}
