import { servingOf } from '../domain/recipe/jobs.ts'
import type { ServingWish } from '../domain/recipe/jobs.ts'
import { endpointsOf, nameOf } from '../domain/recipe/references.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { stepsOfRound } from '../domain/recipe/round-plan.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import { isEvaluation, isSelection } from '../domain/recipe/step-kinds.ts'
import type { Finding } from '../jobs/finding.ts'
import { findProduct } from '../jobs/product.ts'
import type { ModelServer } from '../jobs/servers/model-server.ts'
import { plannedPlace } from '../jobs/site/site.ts'
import type { SiteFile } from '../jobs/site/site.ts'
import type { Findings } from './checks.ts'

/** What model servers and their places say about serving the checkpoints of a campaign. */
export function checkServing(recipe: Recipe, site: SiteFile, servers: Readonly<Record<string, ModelServer>>): Findings {
  const found: Findings = { refusals: [], notes: [] }
  const add = (round: number, step: string, findings: readonly Finding[]) => {
    for (const { level, text, fix } of findings)
      (level === 'refusal' ? found.refusals : found.notes).push({
        round,
        step,
        text: `${text}${fix === undefined ? '' : `; ${fix}`}`,
      })
  }
  const check = (own: ServingWish | undefined, maxTokens: number) =>
    servingFindings(servingOf(recipe, own), maxTokens, site, servers)
  for (let round = 0; round <= recipe.rounds.count; round++)
    for (const step of stepsOfRound(recipe, round))
      if (isEvaluation(step) || isSelection(step))
        add(round, nameOf(step), check(step.serve, longestReply(recipe, step)))
  for (const [name, spec] of Object.entries(recipe.endpoints))
    if ('checkpoint' in spec) add(1, `endpoint ${name}`, check(spec.serve, longestAsked(recipe, name)))
  return found
}

function longestReply(recipe: Recipe, step: RecipeStep): number {
  const names = isEvaluation(step) && step.benchmarks ? step.benchmarks : Object.keys(recipe.benchmarks)
  return Math.max(0, ...names.map((name) => recipe.benchmarks[name]?.maxTokens ?? 0))
}

/** The longest reply that any step asks an endpoint for. */
function longestAsked(recipe: Recipe, endpoint: string): number {
  const rounds = Array.from({ length: recipe.rounds.count }, (_, index) => stepsOfRound(recipe, index + 1))
  const asking = rounds.flat().filter((step) => endpointsOf(step).some((each) => each.endpoint === endpoint))
  return Math.max(
    0,
    ...asking.map((step) => ('maxTokens' in step && typeof step.maxTokens === 'number' ? step.maxTokens : 0)),
  )
}

function servingFindings(
  serving: ReturnType<typeof servingOf>,
  maxTokens: number,
  site: SiteFile,
  servers: Readonly<Record<string, ModelServer>>,
): Finding[] {
  const found = findProduct('model server', servers, serving.server)
  const planned = plannedPlace(site, serving.place)
  const wish = { resources: serving.resources, options: serving.options, ...(maxTokens > 0 && { maxTokens }) }
  return [
    ...(found.refusal ? [found.refusal] : found.product.check(wish)),
    ...('level' in planned ? [planned] : planned.check(found.product?.resources(wish) ?? wish.resources)),
  ]
}
