import { checkpointOfJob } from '../db/checkpoints.ts'
import type { CheckpointRecord } from '../db/checkpoints.ts'
import { latestAttempt } from '../db/jobs.ts'
import { getDataset, resolveDataset } from '../db/datasets.ts'
import { streamRows } from '../db/rows.ts'
import { finishStep, findStep, openStep } from '../db/steps.ts'
import { jobKey } from '../domain/ids.ts'
import { servingOf, trainingJobOf } from '../domain/recipe/jobs.ts'
import { phaseInputs, roundSeed, startOf } from '../domain/recipe/round-plan.ts'
import { isSft, isTraining, phasesOf } from '../domain/recipe/step-kinds.ts'
import type { Row } from '../domain/rows.ts'
import type { JobWorld } from '../jobs/attempts.ts'
import { rlSettingsOf, inPhase, sftSettingsOf } from '../trainers/stage-settings.ts'
import { discardSpent, endStage } from '../trainers/run-stage.ts'
import type { StageJob } from '../trainers/run-stage.ts'
import type { RlRow, SftRow } from '../trainers/rows.ts'
import type { TrainingStage } from '../trainers/stage.ts'
import { rlRow, sftRow, usableRows } from '../trainers/training-rows.ts'
import { baseCheckpoint } from './base-model.ts'
import type { Deps } from './deps.ts'
import { namedCheckpoint } from './endpoints.ts'
import { beating, jobSignal } from './failures.ts'
import { postgresJobs } from './job-store.ts'
import { productOf } from './products.ts'
import { stepContext } from './recipes.ts'
import type { StepContext } from './recipes.ts'
import { trainAndPublish } from './publish.ts'
import { rewardPlan } from './reward-plan.ts'
import type { RewardPlan } from './reward-plan.ts'
import type { GpuActivities, IoActivities, StepRef, TrainingResult } from './types.ts'

const jobIdOf = ({ campaign, round, step }: StepRef, phase: string): string => jobKey(campaign, round, step, phase)

/**
 * Opens a training step on the datasets of all its phases, and counts the attempts that earlier
 * runs of it used up.
 */
export async function openTraining(deps: Deps, ref: StepRef): Promise<{ attemptsSoFar: Record<string, number> }> {
  const context = await stepContext(deps.db, ref)
  const { step, index } = context
  if (!isTraining(step)) throw new RangeError(`${ref.step} trains nothing`)
  const phases = phasesOf(step)
  const names = new Set(phases.flatMap((phase) => phaseInputs(context.steps, context.index, phase)))
  const inputs = await Promise.all([...names].map((name) => resolveDataset(deps.db, ref.campaign, ref.round, name)))
  await openStep(deps.db, { ...ref, name: ref.step, kind: step.step, ordinal: index, spec: step, inputs })
  const attempts = await Promise.all(
    phases.map(async (phase) => [phase, (await latestAttempt(deps.db, jobIdOf(ref, phase)))?.attempt ?? 0] as const),
  )
  return { attemptsSoFar: Object.fromEntries(attempts) }
}

/** Ends a training step that went well: its weights are published, so what made them goes. */
export async function finishTraining(deps: Deps, ref: StepRef): Promise<void> {
  const { recipe, step } = await stepContext(deps.db, ref)
  const world = { store: postgresJobs(deps.db), places: deps.places }
  if (isTraining(step)) {
    const trainer = productOf('trainer', deps.trainers, trainingJobOf(recipe, step).trainer)
    for (const phase of phasesOf(step)) await discardSpent(world, jobIdOf(ref, phase), trainer)
  }
  const found = await findStep(deps.db, ref.campaign, ref.round, ref.step)
  if (found) await finishStep(deps.db, found.id, 'done')
}

/** Ends a training step that was cancelled or that failed, and first what still runs of it. */
export async function stopTraining(
  deps: Deps,
  { status, reason, ...ref }: Parameters<IoActivities['stopStep']>[0],
): Promise<void> {
  const { step } = await stepContext(deps.db, ref)
  const world = { store: postgresJobs(deps.db), places: deps.places }
  if (isTraining(step)) for (const phase of phasesOf(step)) await endStage(world, jobIdOf(ref, phase))
  const found = await findStep(deps.db, ref.campaign, ref.round, ref.step)
  if (found) await finishStep(deps.db, found.id, status, reason)
}

/**
 * Trains one phase: plans its jobs, runs them or re-attaches to them, and publishes the checkpoint.
 */
export async function train(deps: Deps, input: Parameters<GpuActivities['train']>[0]): Promise<TrainingResult> {
  return await beating(async (activity) => {
    const context = await stepContext(deps.db, input)
    const step = await findStep(deps.db, input.campaign, input.round, input.step)
    if (!step) throw new RangeError(`training ${input.step} was not opened`)
    const jobId = jobIdOf(input, input.phase)
    const world: JobWorld = {
      store: postgresJobs(deps.db),
      places: deps.places,
      signal: jobSignal(activity, deps.shutdown),
      progress: activity.progress,
    }
    const job = () => stageJob(deps, input, context, { jobId, stepId: step.id })
    return await trainAndPublish(deps, world, { jobId, job })
  })
}

/** The first phase starts where the recipe says, a later one from the phase before it. */
async function startWeights(
  deps: Deps,
  input: StepRef & { phase: string },
  context: StepContext,
): Promise<Pick<CheckpointRecord, 'id' | 'path'>> {
  const { step, steps, index } = context
  if (!isTraining(step)) throw new RangeError(`${input.step} trains nothing`)
  const phases = phasesOf(step)
  const before = phases[phases.indexOf(input.phase) - 1]
  const checkpoint =
    before === undefined
      ? await namedCheckpoint(deps, input, startOf(steps, index))
      : await checkpointOfJob(deps.db, jobIdOf(input, before))
  if (!checkpoint) throw new RangeError(`phase ${before} of ${input.step} published no checkpoint`)
  return checkpoint
}

/** Everything that says what a phase trains, with what, and where. */
async function stageJob(
  deps: Deps,
  input: StepRef & { phase: string; attemptsSoFar: number },
  context: StepContext,
  { jobId, stepId }: { jobId: string; stepId: number },
): Promise<StageJob> {
  const { recipe, steps, index, step } = context
  if (!isTraining(step)) throw new RangeError(`${input.step} trains nothing`)
  const names = phaseInputs(steps, index, input.phase)
  const datasets = await Promise.all(names.map((name) => resolveDataset(deps.db, input.campaign, input.round, name)))
  const [start, base] = [await startWeights(deps, input, context), await baseCheckpoint(deps, input.campaign)]
  const wish = trainingJobOf(recipe, step)
  const serving = servingOf(recipe)
  const { reward, stage } = await stageOf(deps, input, context, { jobId, start, base, datasets })
  const { queueHours, runHours, stallMinutes, attemptsPerJob } = recipe.limits
  return {
    jobId,
    stepId,
    stage,
    trainer: productOf('trainer', deps.trainers, wish.trainer),
    place: wish.place,
    rows: () => trainingRows(deps, stage, recipe.promptSuffix, datasets),
    weights: { startFrom: start.path, base: base.path },
    rewardTimeoutSeconds: reward?.timeoutSeconds ?? null,
    datasets,
    serving: { ...serving, server: productOf('model server', deps.servers, serving.server) },
    limits: { queueSeconds: queueHours * 3600, runSeconds: runHours * 3600, stallSeconds: stallMinutes * 60 },
    maxAttempts: attemptsPerJob,
    attemptsSoFar: input.attemptsSoFar,
  }
}

interface StageParts {
  jobId: string
  start: Pick<CheckpointRecord, 'id'>
  base: Pick<CheckpointRecord, 'id'>
  datasets: readonly string[]
}

async function stageOf(
  deps: Deps,
  input: StepRef & { phase: string },
  { recipe, round, step }: StepContext,
  { jobId, start, base, datasets }: StageParts,
): Promise<{ stage: TrainingStage; reward: RewardPlan | null }> {
  if (!isTraining(step)) throw new RangeError(`${input.step} trains nothing`)
  const records = await Promise.all(datasets.map((id) => getDataset(deps.db, id)))
  const { resources, options } = trainingJobOf(recipe, step)
  const common = {
    key: jobId,
    startFrom: start.id,
    base: base.id,
    rowsHash: records.map((dataset) => dataset.contentHash ?? dataset.id).join(' '),
    seed: roundSeed(recipe, round.number),
    options,
    resources,
  }
  if (isSft(step)) return { stage: { ...common, kind: 'sft', settings: sftSettingsOf(step) }, reward: null }
  const phase = step.phases?.[phasesOf(step).indexOf(input.phase)]
  const reward = await rewardPlan(deps, input, recipe, step)
  const settings = rlSettingsOf(inPhase(step, phase))
  return { stage: { ...common, kind: 'rl', settings, reward: reward.spec }, reward }
}

/** Rows that the stage trains on, in the trainers' form. */
function trainingRows(
  deps: Deps,
  stage: TrainingStage,
  promptSuffix: string,
  datasets: readonly string[],
): AsyncIterable<SftRow | RlRow> {
  const options = { promptSuffix, imagePath: (hash: string) => deps.store.imagePath(hash) }
  return stage.kind === 'sft'
    ? usableRows(stage.key, rowsOf(deps, datasets), (row) => sftRow(row, options))
    : usableRows(stage.key, rowsOf(deps, datasets), (row) => rlRow(row, options))
}

async function* rowsOf(deps: Deps, datasetIds: readonly string[]): AsyncGenerator<Row> {
  for (const id of datasetIds) yield* streamRows(deps.db, id)
}
