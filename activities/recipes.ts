import { depth } from '../domain/lineage.ts'
import { changedEndpoints } from '../domain/recipe/endpoint-changes.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { secretVariables } from '../domain/recipe/secret-variables.ts'
import { stepNamed, stepsOfRound } from '../domain/recipe/round-plan.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import { storedRecipe } from '../recipes/read-recipe.ts'
import { getCampaign } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { endpointChangesOf } from '../db/endpoint-changes.ts'
import { listRounds } from '../db/rounds.ts'
import { findStep } from '../db/steps.ts'
import { withhold } from '../jobs/launchers/secrets.ts'
import type { RoundRecord } from '../db/rounds.ts'
import type { RoundRef, StepRef } from './types.ts'

/**
 * The campaign's recipe as it was parsed when the campaign started, with the servers and keys that
 * a person gave its endpoints since.
 */
export async function recipeOf(db: Database, campaign: string): Promise<Recipe> {
  const [{ recipe: stored }, changes] = await Promise.all([getCampaign(db, campaign), endpointChangesOf(db, campaign)])
  const recipe = storedRecipe(stored)
  const endpoints = changedEndpoints(recipe.endpoints, changes)
  withhold([...secretVariables(recipe.endpoints), ...secretVariables(endpoints)])
  return changes.length === 0 ? recipe : { ...recipe, endpoints }
}

/** A round with its recipe and the campaign's other rounds. */
export interface RoundOfCampaign {
  recipe: Recipe
  round: RoundRecord
  rounds: RoundRecord[]
  /** Distance from the base model: what "round n" of a paper means, whatever the round's number. */
  depth: number
  steps: RecipeStep[]
}

/** A round of a campaign. Throws a RangeError for a round that was not opened. */
export async function roundOfCampaign(db: Database, { campaign, round: number }: RoundRef): Promise<RoundOfCampaign> {
  const [recipe, rounds] = await Promise.all([recipeOf(db, campaign), listRounds(db, campaign)])
  const round = rounds.find((each) => each.number === number)
  if (!round) throw new RangeError(`round ${number} of ${campaign} was not opened`)
  const nodes = rounds.map((each) => ({ number: each.number, parent: each.parentNumber }))
  const at = depth(nodes, number)
  return { recipe, round, rounds, depth: at, steps: stepsOfRound(recipe, at) }
}

/** A step of the recipe with its round. */
export interface StepOfRound extends RoundOfCampaign {
  step: RecipeStep
  index: number
}

/** A step of an open round. Throws a RangeError for a step that the round does not have. */
export async function stepOfRound(db: Database, ref: StepRef): Promise<StepOfRound> {
  const context = await roundOfCampaign(db, ref)
  return { ...context, ...stepNamed(context.steps, ref.step) }
}

/** Id of a step that an earlier activity opened. */
export async function openedStepId(db: Database, { campaign, round, step }: StepRef): Promise<number> {
  const opened = await findStep(db, campaign, round, step)
  if (opened) return opened.id
  throw new RangeError(`${step} of round ${round} was not opened`)
}
