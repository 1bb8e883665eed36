import { checkpointOfJob } from '../db/checkpoints.ts'
import type { CheckpointRecord } from '../db/checkpoints.ts'
import { latestAttempt } from '../db/jobs.ts'
import { getDataset, resolveDataset } from '../db/datasets.ts'
import { streamRows } from '../db/rows.ts'
import { finishStep, findStep, openStep } from '../db/steps.ts'
import { createSeenFiles } from '../data/pictures/seen-files.ts'
import { withUsualPolicy } from '../domain/answer-check.ts'
import { jobKey } from '../domain/ids.ts'
import { servingOf, trainingJobOf } from '../domain/recipe/jobs.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { phaseInputs, roundSeed, startOf } from '../domain/recipe/round-plan.ts'
import { isRl, isTraining, phasesOf } from '../domain/recipe/step-kinds.ts'
import type { RlStep, SftStep } from '../domain/recipe/steps.ts'
import type { Row } from '../domain/rows.ts'
import type { JobWorld } from '../jobs/attempts.ts'
import { productOf } from '../jobs/product.ts'
import { anyFamily, familyOfFolder } from '../trainers/model-family.ts'
import { recipeStage, stageRows, stepOfPhase } from '../trainers/recipe-stage.ts'
import { discardSpent, endStage } from '../trainers/run-stage.ts'
import type { StageJob } from '../trainers/run-stage.ts'
import { baseCheckpoint } from './base-model.ts'
import type { Deps } from './deps.ts'
import { namedCheckpoint } from './endpoints.ts'
import { beating, jobSignal } from './failures.ts'
import { postgresJobs } from './job-store.ts'
import { trainAndPublish } from './publish.ts'
import { openedStepId, stepOfRound } from './recipes.ts'
import type { StepOfRound } from './recipes.ts'
import { rewardPlan } from './reward-plan.ts'
import type { GpuActivities, IoActivities, StepRef, TrainingResult } from './types.ts'
import { activityWarnings } from './warnings.ts'

/** A phase of a training step. */
type PhaseRef = StepRef & { phase: string }

const jobIdOf = ({ campaign, round, step }: StepRef, phase: string): string => jobKey(campaign, round, step, phase)

const worldOf = (deps: Deps) => ({ store: postgresJobs(deps.db), places: deps.places })

interface TrainingOfRound extends StepOfRound {
  step: SftStep | RlStep
}

async function trainingOf(deps: Deps, ref: StepRef): Promise<TrainingOfRound> {
  const context = await stepOfRound(deps.db, ref)
  const { step } = context
  if (isTraining(step)) return { ...context, step }
  throw new RangeError(`${ref.step} trains nothing`)
}

/**
 * Opens a training step on the datasets of all its phases, and counts the attempts that earlier
 * runs of it used up.
 */
export async function openTraining(deps: Deps, ref: StepRef): Promise<{ attemptsSoFar: Record<string, number> }> {
  const { db } = deps
  const { step, steps, index } = await trainingOf(deps, ref)
  const phases = phasesOf(step)
  const names = new Set(phases.flatMap((phase) => phaseInputs(steps, index, phase)))
  const inputs = await Promise.all([...names].map((name) => resolveDataset(db, ref.campaign, ref.round, name)))
  await openStep(db, { ...ref, name: ref.step, kind: step.step, ordinal: index, spec: step, inputs })
  const attempts = await Promise.all(
    phases.map(async (phase) => [phase, (await latestAttempt(db, jobIdOf(ref, phase)))?.attempt ?? 0] as const),
  )
  return { attemptsSoFar: Object.fromEntries(attempts) }
}

/** Ends a training step that went well. Its weights are published, so what made them is deleted. */
export async function finishTraining(deps: Deps, ref: StepRef): Promise<void> {
  const { recipe, step } = await trainingOf(deps, ref)
  const trainer = productOf('trainer', deps.trainers, trainingJobOf(recipe, step).trainer)
  for (const phase of phasesOf(step)) await discardSpent(worldOf(deps), jobIdOf(ref, phase), trainer)
  const found = await findStep(deps.db, ref.campaign, ref.round, ref.step)
  if (found) await finishStep(deps.db, found.id, 'done')
}

/** Ends a training step that was cancelled or that failed. Its jobs that still run end first. */
export async function stopTraining(
  deps: Deps,
  { status, reason, ...ref }: Parameters<IoActivities['stopStep']>[0],
): Promise<void> {
  const { step } = await stepOfRound(deps.db, ref)
  if (isTraining(step)) for (const phase of phasesOf(step)) await endStage(worldOf(deps), jobIdOf(ref, phase))
  const found = await findStep(deps.db, ref.campaign, ref.round, ref.step)
  if (found) await finishStep(deps.db, found.id, status, reason)
}

/**
 * Trains one phase: plans its jobs, runs them or attaches to them again, and publishes the
 * checkpoint.
 */
export async function train(deps: Deps, input: Parameters<GpuActivities['train']>[0]): Promise<TrainingResult> {
  return await beating(async (activity) => {
    const context = await trainingOf(deps, input)
    const stepId = await openedStepId(deps.db, input)
    const jobId = jobIdOf(input, input.phase)
    const world: JobWorld = {
      ...worldOf(deps),
      signal: jobSignal(activity, deps.shutdown),
      progress: activity.progress,
    }
    const job = () => stageJob(deps, input, context, { jobId, stepId })
    return await trainAndPublish(deps, world, { jobId, job })
  })
}

/**
 * Weights that a phase starts from. The recipe says it for the first phase; a later phase starts
 * from the phase before it.
 */
async function startWeights(
  deps: Deps,
  input: PhaseRef,
  { step, steps, index }: TrainingOfRound,
): Promise<Pick<CheckpointRecord, 'id' | 'path'>> {
  const phases = phasesOf(step)
  const before = phases[phases.indexOf(input.phase) - 1]
  if (before === undefined) return await namedCheckpoint(deps, input, startOf(steps, index))
  const checkpoint = await checkpointOfJob(deps.db, jobIdOf(input, before))
  if (checkpoint) return checkpoint
  throw new RangeError(`phase ${before} of ${input.step} published no checkpoint`)
}

/** Everything that says what a phase trains, with which product, and where. */
async function stageJob(
  deps: Deps,
  input: PhaseRef & { attemptsSoFar: number },
  context: TrainingOfRound,
  { jobId, stepId }: { jobId: string; stepId: number },
): Promise<StageJob> {
  const { recipe, round, steps, index } = context
  const step = stepOfPhase(context.step, input.phase)
  const names = phaseInputs(steps, index, input.phase)
  const datasets = await Promise.all(names.map((name) => resolveDataset(deps.db, input.campaign, input.round, name)))
  const records = await Promise.all(datasets.map((id) => getDataset(deps.db, id)))
  const [start, base] = [await startWeights(deps, input, context), await baseCheckpoint(deps, input.campaign)]
  const reward = isRl(step) ? await rewardPlan(deps, input, recipe, step) : null
  const stage = recipeStage(recipe, step, {
    key: jobId,
    startFrom: start.id,
    base: base.id,
    rowsHash: records.map(({ id, contentHash }) => contentHash ?? id).join(' '),
    seed: roundSeed(recipe, round.number),
    reward: reward?.spec ?? null,
  })
  const { trainer, place } = trainingJobOf(recipe, step)
  const serving = servingOf(recipe)
  const { queueHours, runHours, stallMinutes, attemptsPerJob } = recipe.limits
  const product = productOf('trainer', deps.trainers, trainer)
  const rowOptions = {
    promptSuffix: recipe.promptSuffix,
    family: (await familyOfFolder(start.path)) ?? anyFamily,
    fileMarks: product.fileMarks ?? [],
    picture: createSeenFiles(deps.store),
    tell: activityWarnings(),
  }
  return {
    jobId,
    stepId,
    stage,
    trainer: product,
    place,
    rows: () => stageRows(stage, rowsOf(deps, datasets, recipe.policy), rowOptions),
    weights: { startFrom: start.path, base: base.path },
    rewardTimeoutSeconds: reward?.timeoutSeconds ?? null,
    datasets,
    serving: { ...serving, server: productOf('model server', deps.servers, serving.server) },
    limits: { queueSeconds: queueHours * 3600, runSeconds: runHours * 3600, stallSeconds: stallMinutes * 60 },
    maxAttempts: attemptsPerJob,
    attemptsSoFar: input.attemptsSoFar,
  }
}

/** The rows of datasets, as the recipe wants their answers checked. */
async function* rowsOf(deps: Deps, datasetIds: readonly string[], policy: Recipe['policy']): AsyncGenerator<Row> {
  for (const id of datasetIds) for await (const row of streamRows(deps.db, id)) yield withUsualPolicy(row, policy)
}
