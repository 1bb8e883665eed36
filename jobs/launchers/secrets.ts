import { HoneError } from '../../domain/errors.ts'
import { redactedCut } from '../../domain/redact.ts'
import { looksLikeKey } from '../../domain/recipe/secrets.ts'
import type { JobLogs } from './contract.ts'
import { readJsonFile, readTail } from './files.ts'
import { jobFile, jobFiles } from './folder.ts'
import type { JobFile } from './folder.ts'

/** Variables that the worker may hold and that a job must not see unless its plan asks for them. */
const secretName =
  /KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|BEARER|COOKIE|DATABASE_URL|^PG|^TEMPORAL_GRPC_META|_PAT$|_AUTH$/i
/** A URL with a password, e.g. of a proxy. */
const hasPassword = /:\/\/[^/\s:@]*:[^/\s@]+@/
/** Variables that hold secrets of the recipes that this process has seen. */
const withheld = new Set<string>()

/** No job that is started later inherits these variables. A recipe may give a key any name. */
export function withhold(names: Iterable<string>): void {
  for (const name of names) withheld.add(name)
}
function isDefined<T>(pair: [string, T | undefined]): pair is [string, T] {
  return pair[1] !== undefined
}

/**
 * The variables of the worker's environment that a job may inherit: all except those that look
 * secret by their name or their value, and those that a recipe names for a secret. Not a list of
 * what is allowed: trainings need variables of the machine (CUDA, NCCL, conda, modules), and nobody
 * knows all of them.
 */
export function inheritedEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const plain = Object.entries(environment)
    .filter(isDefined)
    // NODE_OPTIONS is meant for the worker: a loader in it would slow every Node program of a job.
    .filter(([name]) => name !== 'NODE_OPTIONS' && !secretName.test(name) && !withheld.has(name))
    .filter(([, value]) => !looksLikeKey(value) && !hasPassword.test(value))
  return Object.fromEntries(plain)
}

/**
 * Values of the secret variables that a job asks for. Throws MissingSecret when the worker lacks a
 * variable.
 */
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

/** The end of the output of a job. The values of its secret variables are blotted out. */
export async function readLogs(
  directory: string,
  { maxBytes, environment }: { maxBytes: number; environment: NodeJS.ProcessEnv },
): Promise<JobLogs> {
  const files = jobFiles(directory)
  const job = await readJsonFile(files.job, jobFile)
  const secrets = (job?.secretEnv ?? []).map((name) => environment[name] ?? '')
  const [stdout, stderr] = await Promise.all([readTail(files.stdout, maxBytes), readTail(files.stderr, maxBytes)])
  return { stdout: redactedCut(stdout, secrets), stderr: redactedCut(stderr, secrets) }
}
