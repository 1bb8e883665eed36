import { importPrefix } from '../domain/ids.ts'
import { usualMaxPixels } from '../domain/recipe/recipe.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import type { RoundPlan } from './campaign-plan.ts'
import { counted } from './count.ts'
import type { Known } from './known.ts'
import { assumedQuestionCharacters } from './tokens.ts'

/** Names of the sources and benchmarks that the planned steps read. */
function readBy(rounds: readonly RoundPlan[]): { sources: Set<string>; benchmarks: Set<string> } {
  const steps = rounds.flatMap((round) => round.steps)
  const from = steps.flatMap((step) =>
    step.kind === 'data' ? step.from : step.kind === 'training' ? step.jobs.flatMap(({ from }) => from) : [],
  )
  const measured = steps.flatMap((step) => (step.kind === 'evaluation' ? step.benchmarks : []))
  return { sources: new Set(from), benchmarks: new Set(measured.map(({ name }) => name)) }
}

/** Says that a path is not there, and what to do. The demo's parts are made by a command. */
const absent = (path: string): string =>
  path.startsWith('demo:')
    ? `${path} is not there yet; \`hone dev --demo\` makes it`
    : path.startsWith(importPrefix)
      ? `${path} is not in a database that runs here; \`hone import\` brings it in`
      : `${path} is not there; put it there`

/** Sources and benchmarks without a file whose rows the recipe limits. */
function limited(recipe: Recipe, facts: Known, read: ReturnType<typeof readBy>): string[] {
  const among = (specs: Record<string, { path: string }>, known: Known['sources'], used: Set<string>, field: string) =>
    Object.entries(specs).flatMap(([name, { path }]) => {
      const { rows, isLimit } = known[name] ?? {}
      if (!used.has(name) || rows === undefined || isLimit !== true) return []
      return [`at most ${counted(rows)} rows of ${name}, its ${field}: ${absent(path)}, or say --rows ${name}=N`]
    })
  return [
    ...among(recipe.sources, facts.sources, read.sources, 'maxRows'),
    ...among(recipe.benchmarks, facts.benchmarks, read.benchmarks, 'maxItems'),
  ]
}

/** What is missing for the figures that are not known, and how the user can say it. */
export function missingOf(recipe: Recipe, facts: Known, rounds: readonly RoundPlan[]): string[] {
  const steps = rounds.flatMap((round) => round.steps)
  const read = readBy(rounds)
  const rowsOf = (kind: string, specs: Record<string, { path: string }>, known: Known['sources'], used: Set<string>) =>
    Object.entries(specs)
      .filter(([name]) => used.has(name) && !known[name])
      .map(([name, { path }]) => `rows of ${kind} ${name}: ${absent(path)}, or say --rows ${name}=N`)
  const kinds = new Set(steps.flatMap((step) => (step.kind === 'training' ? [step.step] : [])))
  return [
    ...rowsOf('source', recipe.sources, facts.sources, read.sources),
    ...rowsOf('benchmark', recipe.benchmarks, facts.benchmarks, read.benchmarks),
    ...(facts.model || kinds.size === 0
      ? []
      : [`size of the base model: its name does not say it, and ${absent(recipe.baseModel.path)}`]),
    ...(['sft', 'rl'] as const)
      .filter((kind) => kinds.has(kind) && recipe.rates?.[`${kind}TokensPerGpuSecond`] === undefined)
      .map((kind) => `GPU hours of ${kind}: state your own rate in the recipe as rates.${kind}TokensPerGpuSecond`),
  ]
}

const hasUnlimitedPictures = (rounds: readonly RoundPlan[]): boolean =>
  rounds
    .flatMap(({ steps }) => steps)
    .some(
      (step) =>
        step.kind === 'training' &&
        step.step === 'sft' &&
        step.jobs.some(({ settings }) => settings['imageMaxPixels'] === null),
    )

/** What the plan assumes where nothing is known. */
export function assumptionsOf(recipe: Recipe, facts: Known, rounds: readonly RoundPlan[]): string[] {
  const read = readBy(rounds)
  const { sources, benchmarks } = read
  const isGuessed = (known: Known['sources']) => (name: string) => (known[name]?.questionCharacters ?? null) === null
  const unread = [
    ...Object.keys(recipe.sources).filter((name) => sources.has(name) && isGuessed(facts.sources)(name)),
    ...Object.keys(recipe.benchmarks).filter((name) => benchmarks.has(name) && isGuessed(facts.benchmarks)(name)),
  ]
  return [
    'rows, calls and reply tokens are the most there can be: nothing dropped, nothing failed, no reply reused, every reply at its limit',
    'prompt tokens: a quarter of the characters, and for a picture one for each 28 × 28 pixels allowed',
    ...limited(recipe, facts, read),
    ...(unread.length > 0
      ? [`a question of ${assumedQuestionCharacters} characters and one picture a row: ${unread.join(', ')}`]
      : []),
    ...(hasUnlimitedPictures(rounds)
      ? [`pictures of up to ${counted(usualMaxPixels)} pixels in SFT, where the step sets no imageMaxPixels`]
      : []),
    ...(facts.model?.from === 'name' ? ['size of the base model: parameters in its name, 2 bytes each'] : []),
    'disk: trained weights, and the newest two checkpoints of a job at 12 bytes a parameter (weights and AdamW in 32 bits)',
  ]
}
