import { trainingJobOf } from '../domain/recipe/jobs.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { isRl, isSft, phasesOf } from '../domain/recipe/step-kinds.ts'
import type { RlStep, SftStep } from '../domain/recipe/steps.ts'
import type { Row } from '../domain/rows.ts'
import type { RlRow, SftRow } from './rows.ts'
import { rlSettingsOf, inPhase, sftSettingsOf } from './stage-settings.ts'
import type { RewardSpec, TrainingStage } from './stage.ts'
import { rlRow, sftRow, usableRows } from './training-rows.ts'
import type { TrainingRowOptions } from './training-rows.ts'

/**
 * The step with the settings of one of its phases. SFT has a single phase, which is the step
 * itself.
 */
export const stepOfPhase = <Step extends SftStep | RlStep>(step: Step, phase: string): Step | RlStep =>
  isRl(step) ? inPhase(step, step.phases?.[phasesOf(step).indexOf(phase)]) : step

/**
 * How a recipe's step rewards completions. `judge` is the id under which the reward server finds
 * the step's judge.
 */
export const rewardOf = (step: RlStep, judge?: string): RewardSpec => ({
  name: step.reward,
  onFailure: step.onRewardFailure,
  ...(judge !== undefined && { judge }),
})

/** The parts of a stage that a recipe's step does not contain. */
export interface StageParts extends Pick<TrainingStage, 'key' | 'startFrom' | 'base' | 'rowsHash' | 'seed'> {
  /** Null for SFT. */
  reward: RewardSpec | null
}

/** The stage of a step's phase. A plan and a worker both use it, with different parts. */
export function recipeStage(
  recipe: Pick<Recipe, 'jobs'>,
  step: SftStep | RlStep,
  { reward, ...parts }: StageParts,
): TrainingStage {
  const { resources, options } = trainingJobOf(recipe, step)
  const common = { ...parts, options, resources }
  if (isSft(step)) return { ...common, kind: 'sft', settings: sftSettingsOf(step) }
  if (reward === null) throw new RangeError(`the RL stage ${parts.key} has no reward`)
  return { ...common, kind: 'rl', settings: rlSettingsOf(step), reward }
}

/**
 * The rows that a stage trains on, in the trainers' form. Throws EmptyDataset when no row can be
 * trained on.
 */
export function stageRows(
  { key, kind }: TrainingStage,
  rows: AsyncIterable<Row>,
  options: TrainingRowOptions,
): AsyncIterable<SftRow | RlRow> {
  return kind === 'sft'
    ? usableRows(key, rows, (row) => sftRow(row, options))
    : usableRows(key, rows, (row) => rlRow(row, options))
}
