import { rlRow, sftRow, usableRows } from '../data/training-rows.ts'
import { checkpointOfJob } from '../db/checkpoints.ts'
import { latestAttempt } from '../db/jobs.ts'
import { getDataset, resolveDataset } from '../db/datasets.ts'
import { streamRows } from '../db/rows.ts'
import { finishStep, findStep, openStep } from '../db/steps.ts'
import { jobKey } from '../domain/ids.ts'
import { isRl, isSft, isTraining, phaseInputs, phasesOf, roundSeed, startOf } from '../domain/round-plan.ts'
import type { Row } from '../domain/rows.ts'
import { grpoSettingsOf, inPhase, sftSettingsOf } from '../jobs/stage-settings.ts'
import type { TrainingStage, Weights } from '../jobs/trainer.ts'
import { baseCheckpoint } from './base-model.ts'
import type { Deps } from './deps.ts'
import { namedCheckpoint } from './endpoints.ts'
import { beating } from './failures.ts'
import { stepContext } from './recipes.ts'
import type { StepContext } from './recipes.ts'
import { rewardPlan } from './reward-plan.ts'
import { endLastAttempt, trainJob } from './train-job.ts'
import type { GpuActivities, IoActivities, StepRef, TrainingResult } from './types.ts'

const jobIdOf = ({ campaign, round, step }: StepRef, phase: string): string => jobKey(campaign, round, step, phase)

/** Opens a training step on the datasets of all its phases, and counts the attempts that earlier runs of it used up. */
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

/** Ends a training step that went well. */
export async function finishTraining(deps: Deps, ref: StepRef): Promise<void> {
  const step = await findStep(deps.db, ref.campaign, ref.round, ref.step)
  if (step) await finishStep(deps.db, step.id, 'done')
}

/** Ends a training step that was cancelled or that failed, and first what still runs of it. */
export async function stopTraining(
  deps: Deps,
  { status, reason, ...ref }: Parameters<IoActivities['stopStep']>[0],
): Promise<void> {
  const { step } = await stepContext(deps.db, ref)
  if (isTraining(step)) for (const phase of phasesOf(step)) await endLastAttempt(deps, jobIdOf(ref, phase))
  const found = await findStep(deps.db, ref.campaign, ref.round, ref.step)
  if (found) await finishStep(deps.db, found.id, status, reason)
}

/** Trains one phase: plans the job, runs it or re-attaches to it, and publishes its checkpoint. */
export async function train(deps: Deps, input: Parameters<GpuActivities['train']>[0]): Promise<TrainingResult> {
  return await beating(async (activity) => {
    const context = await stepContext(deps.db, input)
    const step = await findStep(deps.db, input.campaign, input.round, input.step)
    if (!step) throw new RangeError(`training ${input.step} was not opened`)
    const start = await startWeights(deps, input, context)
    const names = phaseInputs(context.steps, context.index, input.phase)
    const datasets = await Promise.all(names.map((name) => resolveDataset(deps.db, input.campaign, input.round, name)))
    const stage = await stageOf(deps, input, context, { startFrom: start, datasets })
    const { attemptsSoFar } = input
    const { limits } = context.recipe
    const jobId = jobIdOf(input, input.phase)
    return await trainJob(deps, { jobId, stepId: step.id, stage, datasets, start, limits, attemptsSoFar }, activity)
  })
}

/** The first phase starts where the recipe says, a later one from the phase before it. */
async function startWeights(deps: Deps, input: StepRef & { phase: string }, context: StepContext): Promise<Weights> {
  const { step, steps, index } = context
  if (!isTraining(step)) throw new RangeError(`${input.step} trains nothing`)
  const phases = phasesOf(step)
  const before = phases[phases.indexOf(input.phase) - 1]
  const checkpoint =
    before === undefined
      ? await namedCheckpoint(deps, input, startOf(steps, index))
      : await checkpointOfJob(deps.db, jobIdOf(input, before))
  if (!checkpoint) throw new RangeError(`phase ${before} of ${input.step} published no checkpoint`)
  return { path: checkpoint.path, hash: checkpoint.id }
}

async function stageOf(
  deps: Deps,
  input: StepRef & { phase: string },
  context: StepContext,
  { startFrom, datasets: ids }: { startFrom: Weights; datasets: readonly string[] },
): Promise<TrainingStage> {
  const { recipe, round, step } = context
  const datasets = await Promise.all(ids.map((id) => getDataset(deps.db, id)))
  const base = await baseCheckpoint(deps, input.campaign)
  const common = {
    key: jobIdOf(input, input.phase),
    startFrom,
    base: { path: base.path, hash: base.id },
    rowsHash: datasets.map((dataset) => dataset.contentHash ?? dataset.id).join(' '),
    seed: roundSeed(recipe, round.number),
  }
  const places = { promptSuffix: recipe.promptSuffix, imagePath: (hash: string) => deps.store.imagePath(hash) }
  if (isSft(step)) {
    const rows = usableRows(common.key, rowsOf(deps, ids), (row) => sftRow(row, places))
    return { ...common, kind: 'sft', rows, settings: sftSettingsOf(step) }
  }
  if (!isRl(step)) throw new RangeError(`${input.step} trains nothing`)
  const phase = step.phases?.[phasesOf(step).indexOf(input.phase)]
  return {
    ...common,
    kind: 'grpo',
    rows: usableRows(common.key, rowsOf(deps, ids), (row) => rlRow(row, places)),
    settings: grpoSettingsOf(inPhase(step, phase)),
    reward: await rewardPlan(deps, input, recipe, step),
  }
}

async function* rowsOf(deps: Deps, datasetIds: readonly string[]): AsyncGenerator<Row> {
  for (const id of datasetIds) yield* streamRows(deps.db, id)
}
