import { contentHash } from '../artifacts/hash.ts'
import type { CheckpointRecord } from '../db/checkpoints.ts'
import { listJobs, recordIntent } from '../db/jobs.ts'
import { findStep } from '../db/steps.ts'
import { stepKey } from '../domain/ids.ts'
import { bringUpServer, planHoneServer, tearDownServer } from '../jobs/serving.ts'
import type { Deps } from './deps.ts'
import type { StepRef } from './types.ts'

/** Loading a checkpoint may take minutes on a large model. */
const readyWithinSeconds = 900

/** A step has one server a checkpoint; its key is the same for all shards and for every worker. */
const serverKey = (ref: StepRef, checkpoint: string): string =>
  `${stepKey(ref.campaign, ref.round, ref.step)}/serve-${checkpoint.slice(0, 12)}`

const comingUp = new Map<string, Promise<{ url: string }>>()

/**
 * URL of a server of this checkpoint for this step: the one that is up, else a new one. Every shard asks, so a server that died with its machine is
 * brought up again by the next retry; shards that ask at once wait for the same start.
 */
export async function servedCheckpoint(
  deps: Deps,
  ref: StepRef,
  checkpoint: Pick<CheckpointRecord, 'id' | 'path'>,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const key = serverKey(ref, checkpoint.id)
  const start = async () => {
    const specHash = contentHash({ checkpoint: checkpoint.id, name })
    const step = await findStep(deps.db, ref.campaign, ref.round, ref.step)
    const spec = { checkpoint: checkpoint.id, name }
    await recordIntent(deps.db, {
      jobId: key,
      stepId: step?.id ?? null,
      kind: 'serve',
      backend: deps.trainer.name,
      launcher: deps.launcher.name,
      specHash,
      spec,
    })
    const plan = planHoneServer({ model: checkpoint.path, name }, deps.python)
    return await bringUpServer({
      launcher: deps.launcher,
      key,
      specHash,
      plan,
      deadlineSeconds: readyWithinSeconds,
      signal,
    })
  }
  const running = comingUp.get(key) ?? start().finally(() => comingUp.delete(key))
  comingUp.set(key, running)
  return (await running).url
}

/** Takes down every server that the step brought up. Nothing of them is left when it returns. */
export async function releaseEndpoints(deps: Deps, ref: StepRef): Promise<void> {
  const prefix = `${stepKey(ref.campaign, ref.round, ref.step)}/serve-`
  for (const { id } of await listJobs(deps.db, ref.campaign, ref.round))
    if (id.startsWith(prefix)) await tearDownServer({ launcher: deps.launcher, key: id })
}
