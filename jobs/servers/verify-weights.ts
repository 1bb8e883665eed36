import { join } from 'node:path'
import { contentHash } from '../../artifacts/hash.ts'
import type { JobResources, ProductOptions } from '../../domain/job-resources.ts'
import { runAttempts } from '../attempts.ts'
import type { AttemptVerdict, JobWorld } from '../attempts.ts'
import type { JobLogs, JobStatus } from '../launchers/contract.ts'
import { readJsonFile } from '../launchers/files.ts'
import type { JobLimits } from '../watch.ts'
import type { ModelServer } from './model-server.ts'
import { verdictFile, weightsProblem } from './verdict.ts'
import type { WeightsVerdict } from './verdict.ts'

/** Weights to check by a job in the environment of the server that will serve them. */
export interface VerifyJob {
  jobId: string
  stepId: number
  serving: { server: ModelServer; place: string | null; resources: JobResources; options: ProductOptions }
  /** Folders as this process sees them. */
  weights: { model: string; base: string; start: string }
  /** The data that distinguishes this job from the job of another training. */
  identity: unknown
  limits: JobLimits
  maxAttempts: number
}

const verdictName = 'verdict.json'
/** Exit code of a verify job whose verdict holds problems. */
const notGood = 3

/**
 * Runs the verify job. Returns the problem of the weights, or null. Throws when they could not be
 * checked.
 */
export async function verifyWeights(world: JobWorld, job: VerifyJob): Promise<string | null> {
  const { server, place, resources, options } = job.serving
  const { made } = await runAttempts<{ verdict: WeightsVerdict }>(world, {
    jobId: job.jobId,
    stepId: job.stepId,
    kind: 'verify',
    backend: server.name,
    place,
    specHash: contentHash({ verify: job.identity, server: server.name }),
    spec: { ...job.weights, server: server.name },
    limits: job.limits,
    maxAttempts: job.maxAttempts,
    attemptsSoFar: 0,
    plan: async ({ place: { environment }, run }) => {
      const { model, base, start } = job.weights
      const command = server.verify(
        {
          model: run.see(model),
          base: run.see(base),
          start: run.see(start),
          result: join(run.there, verdictName),
          run: run.there,
          resources,
          options,
        },
        environment(server.environment),
      )
      return { command }
    },
    verdict: ({ run }, ended) => lookVerdict(join(run.here, verdictName), ended),
  })
  return weightsProblem(made.verdict)
}

async function lookVerdict(
  path: string,
  { status, logs }: { status: JobStatus; logs: JobLogs },
): Promise<AttemptVerdict<{ verdict: WeightsVerdict }>> {
  // An absent or half-written verdict says nothing about the weights.
  const verdict = await readJsonFile(path, verdictFile).catch(() => null)
  if (verdict !== null && (status.state === 'succeeded' || status.exitCode === notGood)) {
    return { outcome: 'ok', verdict }
  }
  const said = logs.stderr.trim().split('\n').at(-1) ?? ''
  const reason = `the weights could not be looked at in the serving environment: ${status.reason ?? status.state}`
  if (status.state === 'lost' || status.interrupted === true || status.signal !== undefined)
    return { outcome: 'retryable', reason }
  return {
    outcome: 'fatal',
    reason: said === '' ? reason : `${reason}: ${said}`,
    nextStep: 'Read stderr.log of the verify job’s run folder; `hone doctor` says what its environment lacks.',
  }
}
