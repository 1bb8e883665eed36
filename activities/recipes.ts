import { depth } from '../domain/lineage.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { findStep, stepsOfRound } from '../domain/recipe/round-plan.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import { storedRecipe } from '../recipes/read-recipe.ts'
import { getCampaign } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { listRounds } from '../db/rounds.ts'
import type { RoundRecord } from '../db/rounds.ts'
import type { RoundRef, StepRef } from './types.ts'

/** The campaign's recipe as it was parsed when it started. */
export async function recipeOf(db: Database, campaign: string): Promise<Recipe> {
  return storedRecipe((await getCampaign(db, campaign)).recipe)
}

/** A round's place in the loop. */
export interface RoundContext {
  recipe: Recipe
  round: RoundRecord
  rounds: RoundRecord[]
  /** Its distance from the base model: what "round n" of a paper means, whatever its number. */
  depth: number
  steps: RecipeStep[]
}

/** Everything that says what a round does. */
export async function roundContext(db: Database, { campaign, round: number }: RoundRef): Promise<RoundContext> {
  const [recipe, rounds] = await Promise.all([recipeOf(db, campaign), listRounds(db, campaign)])
  const round = rounds.find((each) => each.number === number)
  if (!round) throw new RangeError(`round ${number} of ${campaign} was not opened`)
  const nodes = rounds.map((each) => ({ number: each.number, parent: each.parentNumber }))
  const at = depth(nodes, number)
  return { recipe, round, rounds, depth: at, steps: stepsOfRound(recipe, at) }
}

/** A step with its round. */
export interface StepContext extends RoundContext {
  step: RecipeStep
  index: number
}

/** Everything that says what a step does. */
export async function stepContext(db: Database, ref: StepRef): Promise<StepContext> {
  const context = await roundContext(db, ref)
  return { ...context, ...findStep(context.steps, ref.step) }
}
