import { usualMaxPixels, type Recipe } from '../domain/recipe.ts'
import type { RoundPlan } from './campaign-plan.ts'
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

/** What would have to be known for the figures that are not, and how to say it. */
export function missingOf(recipe: Recipe, facts: Known, rounds: readonly RoundPlan[]): string[] {
  const steps = rounds.flatMap((round) => round.steps)
  const read = readBy(rounds)
  const rowsOf = (kind: string, specs: Record<string, { path: string }>, known: Known['sources'], used: Set<string>) =>
    Object.entries(specs)
      .filter(([name]) => used.has(name) && !known[name])
      .map(([name, { path }]) => {
        const how = path.startsWith('demo:') ? 'let `hone demo` make it' : 'put it there'
        return `rows of ${kind} ${name}: ${path} is not there; ${how} or say --rows ${name}=N`
      })
  const kinds = new Set(steps.flatMap((step) => (step.kind === 'training' ? [step.step] : [])))
  return [
    ...rowsOf('source', recipe.sources, facts.sources, read.sources),
    ...rowsOf('benchmark', recipe.benchmarks, facts.benchmarks, read.benchmarks),
    ...(facts.model || kinds.size === 0
      ? []
      : [`size of the base model: ${recipe.baseModel.path} is not there, and its name does not say it`]),
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

/** What was taken where nothing is known. */
export function assumptionsOf(recipe: Recipe, facts: Known, rounds: readonly RoundPlan[]): string[] {
  const { sources, benchmarks } = readBy(rounds)
  const isGuessed = (known: Known['sources']) => (name: string) => (known[name]?.questionCharacters ?? null) === null
  const unread = [
    ...Object.keys(recipe.sources).filter((name) => sources.has(name) && isGuessed(facts.sources)(name)),
    ...Object.keys(recipe.benchmarks).filter((name) => benchmarks.has(name) && isGuessed(facts.benchmarks)(name)),
  ]
  return [
    'rows, calls and reply tokens are the most there can be: nothing dropped, nothing failed, no reply reused, every reply at its limit',
    'prompt tokens: a quarter of the characters, and for a picture one for each 28 × 28 pixels allowed',
    ...(unread.length > 0
      ? [`a question of ${assumedQuestionCharacters} characters and one picture a row: ${unread.join(', ')}`]
      : []),
    ...(hasUnlimitedPictures(rounds)
      ? [`pictures of up to ${usualMaxPixels} pixels in SFT, where the step sets no imageMaxPixels`]
      : []),
    ...(facts.model?.from === 'name' ? ['size of the base model: parameters in its name, 2 bytes each'] : []),
    'disk: trained weights, and the newest two checkpoints of a job at 12 bytes a parameter (weights and AdamW in 32 bits)',
  ]
}
