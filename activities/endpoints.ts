import { checkpointOfJob, checkpointOfStep, getCheckpoint } from '../db/checkpoints.ts'
import type { CheckpointRecord } from '../db/checkpoints.ts'
import { findStep } from '../db/steps.ts'
import { HoneError } from '../domain/errors.ts'
import type { EndpointSpec } from '../domain/recipe/recipe.ts'
import { isUrlEndpoint } from '../domain/recipe/endpoints.ts'
import { jobKey } from '../domain/ids.ts'
import { nameOf } from '../domain/recipe/references.ts'
import { measuredBy } from '../domain/recipe/round-plan.ts'
import { isTraining, phasesOf } from '../domain/recipe/step-kinds.ts'
import type { ResolvedEndpoint } from '../models/endpoint.ts'
import { resolveUrlEndpoint } from '../models/resolve-endpoint.ts'
import { baseCheckpoint } from './base-model.ts'
import type { Deps } from './deps.ts'
import type { Activity } from './failures.ts'
import { roundOfCampaign, stepOfRound } from './recipes.ts'
import { servedCheckpoint } from './serving.ts'
import type { EvaluationRef, StepRef } from './types.ts'

/**
 * An endpoint of the recipe with everything filled in. A checkpoint's server is brought up when it
 * is not up.
 */
export async function resolveEndpoint(
  deps: Deps,
  ref: StepRef,
  name: string,
  spec: EndpointSpec,
  signal: AbortSignal,
  progress: Activity['progress'] = () => undefined,
): Promise<ResolvedEndpoint> {
  if (isUrlEndpoint(spec))
    return resolveUrlEndpoint(name, spec, (url) => (url === 'demo:teacher' ? demoTeacher(deps) : url))
  const { checkpoint, serve: wish, ...options } = spec
  const weights = await namedCheckpoint(deps, ref, checkpoint)
  return { ...options, name, ...(await served(deps, ref, weights, { wish, activity: { signal, progress } })) }
}

/** The endpoint of an evaluation: the measured checkpoint, brought up for this step. */
export async function checkpointEndpoint(
  deps: Deps,
  ref: StepRef,
  checkpoint: CheckpointRecord,
  settings: Pick<ResolvedEndpoint, 'name' | 'concurrency' | 'timeoutSeconds' | 'imageMaxPixels'>,
  serving: Serving,
): Promise<ResolvedEndpoint> {
  return { ...settings, ...(await served(deps, ref, checkpoint, serving)) }
}

type Serving = Parameters<typeof servedCheckpoint>[4]

async function served(deps: Deps, ref: StepRef, checkpoint: CheckpointRecord, serving: Serving) {
  // The whole id: lineage goes from a reply to the checkpoint by the model's name.
  const model = `checkpoint-${checkpoint.id}`
  return { baseUrls: await servedCheckpoint(deps, ref, checkpoint, model, serving), model, identity: checkpoint.id }
}

/**
 * The checkpoint behind a name of the recipe: `base`, `parent`, a step of this round that has
 * weights, or a phase of such a step. Throws CheckpointInvalid where nothing was published under
 * the name.
 */
export async function namedCheckpoint(deps: Deps, ref: StepRef, name: string): Promise<CheckpointRecord> {
  if (name === 'base') return await baseCheckpoint(deps, ref.campaign)
  if (name === 'parent') {
    const { round, rounds } = await roundOfCampaign(deps.db, ref)
    const parent = rounds.find((each) => each.number === round.parentNumber)?.checkpointId
    // A round that trained nothing ends with the base weights too.
    const isBase = !parent || parent === rounds.find((each) => each.number === 0)?.checkpointId
    return isBase ? await baseCheckpoint(deps, ref.campaign) : await getCheckpoint(deps.db, parent)
  }
  const step = await findStep(deps.db, ref.campaign, ref.round, name)
  const published = step ? await checkpointOfStep(deps.db, step.id) : await checkpointOfPhase(deps, ref, name)
  if (published) return published
  throw new HoneError({
    type: 'CheckpointInvalid',
    message: `step "${name}" of round ${ref.round} has published no checkpoint`,
    nextStep: 'see `hone show` for how it ended',
  })
}

async function checkpointOfPhase(deps: Deps, ref: StepRef, phase: string): Promise<CheckpointRecord | null> {
  const { steps } = await roundOfCampaign(deps.db, ref)
  const step = steps.filter(isTraining).find((each) => phasesOf(each).includes(phase))
  return step ? await checkpointOfJob(deps.db, jobKey(ref.campaign, ref.round, nameOf(step), phase)) : null
}

/**
 * What an evaluation measures: the candidate of a selection, else the weights of a step, else the
 * parent's where the round trains nothing.
 */
export async function measuredCheckpoint(deps: Deps, ref: EvaluationRef): Promise<CheckpointRecord> {
  if (ref.candidate !== undefined) return await getCheckpoint(deps.db, ref.candidate)
  const { steps, index } = await stepOfRound(deps.db, ref)
  return await namedCheckpoint(deps, ref, measuredBy(steps, index) ?? 'parent')
}

function demoTeacher(deps: Deps): string {
  if (deps.demo) return deps.demo.teacherUrl
  throw new HoneError({
    type: 'EndpointRefused',
    message: 'the recipe asks the demo teacher, which does not run here',
    nextStep: 'use `hone demo`, start the worker with `hone dev --demo`, or give the URL of a server of your own',
  })
}
