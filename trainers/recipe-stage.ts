import type { Recorded } from '../data/export/format.ts'
import { HoneError } from '../domain/errors.ts'
import { trainingJobOf } from '../domain/recipe/jobs.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { isRl, isSft, phasesOf } from '../domain/recipe/step-kinds.ts'
import type { RlStep, SftStep } from '../domain/recipe/steps.ts'
import { RowProblem } from '../domain/row-problem.ts'
import type { Row } from '../domain/rows.ts'
import { anyFamily, pictureProblem } from './model-family.ts'
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

/** A picture as a file that every trainer decodes alike, with its size in pixels. */
interface TrainingPicture {
  path: string
  width: number
  height: number
}

export interface StageRowOptions extends Pick<TrainingRowOptions, 'promptSuffix' | 'family' | 'fileMarks'> {
  /** Finds a picture by its SHA-256. Rejects with RowProblem. */
  picture: (hash: string) => Promise<TrainingPicture>
  /** Is told how many rows were left out, by reason, when there are any. */
  tell: (message: string) => void
}

/**
 * The rows that a stage trains on, in the trainers' form, with absolute paths of pictures. Rows
 * that would end the job are left out. Throws EmptyDataset when no row can be trained on, and
 * InvalidInput when a picture cannot be read.
 */
export function stageRows(
  { key, kind }: TrainingStage,
  rows: AsyncIterable<Row>,
  { picture, tell, ...texts }: StageRowOptions,
): AsyncIterable<SftRow | RlRow> {
  const options = { ...texts, imagePath: (hash: string) => hash }
  const { family = anyFamily } = texts
  const convert = async (row: Row): Promise<Recorded<SftRow | RlRow>> => {
    const converted = kind === 'sft' ? sftRow(row, options) : rlRow(row, options)
    if ('refused' in converted) return converted
    const pictures = await Promise.all(converted.row.images.map(picture)).catch((error: unknown) => {
      throw error instanceof RowProblem ? lostPicture(key, row.id, error) : error
    })
    const refused = pictures.map((size) => pictureProblem(family, size)).find((problem) => problem !== null)
    return refused === undefined ? { row: { ...converted.row, images: pictures.map(({ path }) => path) } } : { refused }
  }
  return usableRows(key, rows, convert, tell)
}

const lostPicture = (stage: string, row: string, cause: RowProblem): HoneError =>
  new HoneError({
    type: 'InvalidInput',
    message: `A picture of row ${row} cannot be read, so ${stage} cannot be trained: ${cause.message}.`,
    nextStep: 'Import its source again: that puts the pictures back into the store of this home.',
    cause,
  })
