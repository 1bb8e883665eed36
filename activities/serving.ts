import { contentHash } from '../artifacts/hash.ts'
import type { CheckpointRecord } from '../db/checkpoints.ts'
import { listJobs, recordIntent } from '../db/jobs.ts'
import { findStep } from '../db/steps.ts'
import { stepKey } from '../domain/ids.ts'
import { servingOf, usualServer } from '../domain/recipe/jobs.ts'
import type { ServingWish } from '../domain/recipe/jobs.ts'
import { bringUpServer, tearDownServer } from '../jobs/servers/bring-up.ts'
import type { Activity } from './failures.ts'
import type { Deps } from './deps.ts'
import { productOf } from '../jobs/product.ts'
import { recipeOf } from './recipes.ts'
import type { StepRef } from './types.ts'

type Serving = ReturnType<typeof servingOf>

/**
 * Key of a server. A step has one server for each checkpoint and replica, with the same key in all
 * shards and workers.
 */
const serverKey = (ref: StepRef, checkpoint: string, replica: number): string => {
  const first = `${stepKey(ref.campaign, ref.round, ref.step)}/serve-${checkpoint.slice(0, 12)}`
  return replica === 1 ? first : `${first}-${replica}`
}

/**
 * Hash of what is served. A server without product and options keeps the hash of earlier versions.
 */
const specHashOf = (checkpoint: string, name: string, { server, options }: Serving): string =>
  contentHash({
    checkpoint,
    name,
    ...(server !== usualServer && { server }),
    ...(Object.keys(options).length > 0 && { options }),
  })

/**
 * Servers that are being started, by key: shards of this worker that ask for a server at the same
 * time wait for the same start.
 */
const comingUp = new WeakMap<Deps, Map<string, Promise<string>>>()

function onceAtATime(deps: Deps, key: string, start: () => Promise<string>): Promise<string> {
  const running = comingUp.get(deps) ?? new Map<string, Promise<string>>()
  comingUp.set(deps, running)
  const there = running.get(key) ?? start().finally(() => running.delete(key))
  running.set(key, there)
  return there
}

/**
 * URLs of the servers of this checkpoint for this step. A server that is not up is brought up.
 * Every shard asks, so the next retry brings up a server that died with its machine.
 */
export async function servedCheckpoint(
  deps: Deps,
  ref: StepRef,
  checkpoint: Pick<CheckpointRecord, 'id' | 'path'>,
  name: string,
  { wish, activity }: { wish: ServingWish | undefined; activity: Pick<Activity, 'signal' | 'progress'> },
): Promise<string[]> {
  const serving = servingOf(await recipeOf(deps.db, ref.campaign), wish)
  const replicas = Array.from({ length: serving.replicas }, (_, index) => index + 1)
  return await Promise.all(
    replicas.map((replica) => {
      const key = serverKey(ref, checkpoint.id, replica)
      return onceAtATime(deps, key, () => bringUp(deps, ref, { key, checkpoint, name, serving, activity }))
    }),
  )
}

interface Wanted {
  key: string
  checkpoint: Pick<CheckpointRecord, 'id' | 'path'>
  name: string
  serving: Serving
  activity: Pick<Activity, 'signal' | 'progress'>
}

async function bringUp(
  deps: Deps,
  ref: StepRef,
  { key, checkpoint, name, serving, activity }: Wanted,
): Promise<string> {
  const server = productOf('model server', deps.servers, serving.server)
  const { launcher, poll, environment, name: place } = deps.places.get(serving.place)
  const specHash = specHashOf(checkpoint.id, name, serving)
  const step = await findStep(deps.db, ref.campaign, ref.round, ref.step)
  const { limits } = await recipeOf(deps.db, ref.campaign)
  await recordIntent(deps.db, {
    jobId: key,
    stepId: step?.id ?? null,
    kind: 'serve',
    backend: server.name,
    launcher: place,
    specHash,
    spec: { checkpoint: checkpoint.id, name },
  })
  const { url } = await bringUpServer({
    launcher,
    poll,
    key,
    specHash,
    plan: (run) => {
      const { resources, options } = serving
      const model = launcher.run(key).see(checkpoint.path)
      return server.plan({ model, name, run, resources, options }, environment(server.environment))
    },
    queueSeconds: limits.queueHours * 3600,
    signal: activity.signal,
    progress: activity.progress,
  })
  return url
}

/** Takes down every server that the step brought up. When it returns, nothing of them runs. */
export async function releaseEndpoints(deps: Deps, ref: StepRef): Promise<void> {
  const prefix = `${stepKey(ref.campaign, ref.round, ref.step)}/serve-`
  for (const { id, launcher: place } of await listJobs(deps.db, ref.campaign, ref.round))
    if (id.startsWith(prefix)) await tearDownServer({ launcher: deps.places.get(place).launcher, key: id })
}
