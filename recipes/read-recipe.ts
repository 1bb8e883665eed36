import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { contentHash } from '../artifacts/hash.ts'
import { HoneError, messageOf } from '../domain/errors.ts'
import { recipeSchema } from '../domain/recipe/recipe.ts'
import type { DataStepSchema, Recipe } from '../domain/recipe/recipe.ts'
import { explainIssues } from './recipe-issues.ts'
import { dataSteps } from '../data/steps/registry.ts'

const [firstStep, ...otherSteps] = Object.values(dataSteps).map((step): DataStepSchema => step.options)
if (!firstStep) throw new Error('the registry of data steps is empty')
const schema = recipeSchema([firstStep, ...otherSteps])

/**
 * Reads a recipe's YAML. Throws {@link HoneError} InvalidRecipe with all problems at once, each
 * with its place, value, cause and fix. `file` is only shown. Anchors and merge keys (`<<`) work.
 */
export function parseRecipe(yamlText: string, { file }: { file: string }): Recipe {
  const lineCounter = new LineCounter()
  const document = parseDocument(yamlText, { lineCounter, merge: true })
  // Only the first error: later errors mostly follow from it.
  const [broken] = document.errors
  if (broken) throw invalid(file, [broken.message.trim().replaceAll(/\n+/g, '\n').replaceAll(/^/gm, '  ')])
  let raw: unknown
  try {
    raw = document.toJS({ maxAliasCount: 1000 })
  } catch (error) {
    throw invalid(file, [`  ${messageOf(error)}`])
  }
  if (raw === null || raw === undefined) throw invalid(file, ['  the file is empty'])
  const parsed = schema.safeParse(withoutOldTrainer(raw), { reportInput: true })
  if (parsed.success) return parsed.data
  throw invalid(
    file,
    explainIssues(parsed.error.issues, { raw, document, lineCounter, schema: recipeJsonSchema() }).map(
      ({ where, value, wrong, fix }) =>
        [`  ${where}: ${wrong}`, ...(value === null ? [] : [`    value: ${value}`]), `    fix:   ${fix}`].join('\n'),
    ),
  )
}

function invalid(file: string, problems: readonly string[]): HoneError {
  return new HoneError({
    type: 'InvalidRecipe',
    message: `${file} is not a valid recipe (${problems.length} problem${problems.length === 1 ? '' : 's'})\n\n${problems.join('\n\n')}\n`,
    nextStep: `mend ${file} and run the command again; nothing was started`,
  })
}

/**
 * SHA-256 of the parsed recipe with its defaults. Comments, order of keys and layout make no
 * difference.
 */
export const recipeHash = (recipe: Recipe): string => contentHash(recipe)

/**
 * Reads a recipe that a campaign stored. Throws InvalidRecipe when this version of Hone no longer
 * accepts the recipe.
 */
export function storedRecipe(value: unknown): Recipe {
  const parsed = schema.safeParse(withoutOldTrainer(value))
  if (parsed.success) return parsed.data
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `the stored recipe is not valid for this version of Hone: ${z.prettifyError(parsed.error)}`,
    nextStep: 'run a worker of the version that started the campaign, or start a new campaign',
  })
}

const oldTrainer = z.looseObject({
  trainer: z.strictObject({ backend: z.literal('trl').optional(), launcher: z.literal('local').optional() }),
})

/**
 * Before jobs had places, a recipe could have a `trainer`. The key had only this one value, and
 * stored recipes always have it. The key is removed: `hone start` with such a file must find the
 * campaign that was started with it.
 */
function withoutOldTrainer(value: unknown): unknown {
  const parsed = oldTrainer.safeParse(value)
  if (!parsed.success) return value
  const { trainer: _, ...recipe } = parsed.data
  return recipe
}

/**
 * JSON Schema of recipes for editors. It describes recipes as users write them: defaults may be
 * left out.
 */
function recipeJsonSchema(): Record<string, unknown> {
  return { title: 'Hone recipe', ...z.toJSONSchema(schema, { io: 'input' }) }
}

/** Text of `recipes/recipe.schema.json`. */
export const recipeJsonSchemaText = (): string => `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`
