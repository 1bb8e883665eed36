import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { HoneError } from '../domain/errors.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { parseRecipe } from '../recipes/read-recipe.ts'

/** A recipe, its text, and the folder that its paths are relative to. */
export interface RecipeFile {
  recipe: Recipe
  recipeText: string
  folder: string
}

/** Reads a recipe. Throws InvalidRecipe, also when the file cannot be read. */
export async function readRecipeFile(file: string): Promise<RecipeFile> {
  const recipeText = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HoneError({
      type: 'InvalidRecipe',
      message: `cannot read the recipe ${file}`,
      nextStep: 'name an existing YAML file, e.g. a copy of recipes/demo.yaml',
      cause,
    })
  })
  return { recipe: parseRecipe(recipeText, { file }), recipeText, folder: dirname(resolve(file)) }
}
