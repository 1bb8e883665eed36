import { HoneError } from '../../domain/errors.ts'
import type { JobLogs } from './contract.ts'
import { readJsonFile, readTail } from './files.ts'
import { jobFile, jobFiles } from './folder.ts'
import type { JobFile } from './folder.ts'

/** Names that the worker may hold and a job must not see unless its plan asks for them. */
const secretName = /KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|DATABASE_URL|^PG/i
const shortestSecret = 6

function isDefined<T>(pair: [string, T | undefined]): pair is [string, T] {
  return pair[1] !== undefined
}

/** The worker's environment as a job may inherit it: without anything that looks secret. */
export function inheritedEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const plain = Object.entries(environment)
    .filter(isDefined)
    // NODE_OPTIONS is meant for the worker: a loader in it would slow every Node program of a job.
    .filter(([name]) => name !== 'NODE_OPTIONS' && !secretName.test(name))
  return Object.fromEntries(plain)
}

/** Values of the secret variables that a job names. Throws MissingSecret for one that the worker does not have. */
export function secretsOf(
  { key, secretEnv }: Pick<JobFile, 'key' | 'secretEnv'>,
  environment: NodeJS.ProcessEnv,
): Record<string, string> {
  const secrets = secretEnv.map((name): [string, string] => {
    const value = environment[name]
    if (value === undefined || value === '') {
      throw new HoneError({
        type: 'MissingSecret',
        message: `Job ${key} needs the environment variable ${name}, and the worker does not have it.`,
        nextStep: `Set ${name} where the worker starts, then restart the worker.`,
      })
    }
    return [name, value]
  })
  return Object.fromEntries(secrets)
}

/** The last `maxBytes` of a log, secrets blotted out before it is cut: no half of one stays at the edge. */
async function cleanTail(path: string, maxBytes: number, secrets: readonly string[]): Promise<string> {
  const reserve = Math.max(0, ...secrets.map((secret) => Buffer.byteLength(secret)))
  const text = await readTail(path, maxBytes + reserve)
  const clean = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
  return Buffer.byteLength(clean) <= maxBytes ? clean : Buffer.from(clean).subarray(-maxBytes).toString('utf8')
}

/** The end of what a job wrote, values of its secret variables blotted out. */
export async function readLogs(
  directory: string,
  { maxBytes, environment }: { maxBytes: number; environment: NodeJS.ProcessEnv },
): Promise<JobLogs> {
  const files = jobFiles(directory)
  const job = await readJsonFile(files.job, jobFile)
  const values = (job?.secretEnv ?? []).map((name) => environment[name] ?? '')
  // Longest first: a secret that holds another one goes as a whole.
  const secrets = values.filter(({ length }) => length >= shortestSecret).sort((a, b) => b.length - a.length)
  const [stdout, stderr] = await Promise.all([
    cleanTail(files.stdout, maxBytes, secrets),
    cleanTail(files.stderr, maxBytes, secrets),
  ])
  return { stdout, stderr }
}
