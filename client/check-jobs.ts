import { servingOf } from '../domain/recipe/jobs.ts'
import { HoneError } from '../domain/errors.ts'
import type { JobResources } from '../domain/job-resources.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { stepsOfRound } from '../domain/recipe/round-plan.ts'
import { isEvaluation, isSelection } from '../domain/recipe/step-kinds.ts'
import { modelServers } from '../jobs/servers/registry.ts'
import type { Places } from '../jobs/site/place.ts'
import type { SiteFile } from '../jobs/site/site.ts'
import { modelFromName } from '../plan/known.ts'
import { planCampaign } from '../plan/plan.ts'
import { environmentProblem } from './check-environments.ts'
import { trainers } from '../trainers/registry.ts'

/** An environment of a trainer or server that a campaign needs at a place. */
interface Need {
  place: string
  environment: string
  resources: JobResources
}

/**
 * Checks what the campaign's jobs need before anything is kept: the findings of trainers, servers
 * and places that `hone plan` shows too, then every environment and every place that a job uses.
 * Returns the notes. Throws InvalidRecipe for what cannot run; MissingDependency with all problems
 * of places or environments that are not ready.
 */
export async function checkJobs(recipe: Recipe, site: SiteFile, places: Places): Promise<string[]> {
  const nothing = { sources: {}, benchmarks: {} }
  const plan = planCampaign(recipe, { ...nothing, model: modelFromName(recipe.baseModel.path) }, { site })
  const jobs = plan.rounds.flatMap(({ steps }) => steps).flatMap((step) => (step.kind === 'training' ? step.jobs : []))
  const needs = [
    ...jobs.map(({ place, trainer, resources }) => ({
      place,
      environment: trainers[trainer]?.environment ?? trainer,
      resources,
    })),
    ...servingNeeds(recipe, site),
  ]
  for (const { place, environment } of needs) places.get(place).environment(environment)
  await checkEnvironments(site, needs)
  try {
    await examinePlaces(places, [...new Set(needs.map(({ place }) => place))])
    await checkSizes(places, needs)
  } finally {
    for (const { launcher } of places.all()) launcher.close()
  }
  return plan.notes
}

function servingNeeds(recipe: Recipe, site: SiteFile): Need[] {
  const rounds = Array.from({ length: recipe.rounds.count + 1 }, (_, round) => stepsOfRound(recipe, round))
  const measuring = rounds.flat().flatMap((step) => (isEvaluation(step) || isSelection(step) ? [step.serve] : []))
  const endpoints = Object.values(recipe.endpoints).flatMap((spec) => ('checkpoint' in spec ? [spec.serve] : []))
  return [...measuring, ...endpoints].map((wish) => {
    const { server: name, place, resources, options } = servingOf(recipe, wish)
    const server = modelServers[name]
    return {
      place: place ?? site.default,
      environment: server?.environment ?? name,
      resources: server?.resources({ resources, options }) ?? resources,
    }
  })
}

async function checkEnvironments(site: SiteFile, needs: readonly Need[]): Promise<void> {
  const pairs = new Map(needs.map((need) => [`${need.place}/${need.environment}`, need]))
  const looks = [...pairs.values()].map(({ place, environment }) => environmentProblem(site, place, environment))
  const problems = (await Promise.all(looks)).filter((problem) => problem !== null)
  if (problems.length === 0) return
  throw new HoneError({
    type: 'MissingDependency',
    message: `a program that the site file names is not ready:\n${problems.map((each) => `  ${each}`).join('\n')}`,
    nextStep: 'install what is missing there, or name another Python in the site file; nothing was started',
  })
}

async function examinePlaces(places: Places, names: readonly string[]): Promise<void> {
  const problems: string[] = []
  for (const name of names)
    for (const { problem, fix } of await places.get(name).launcher.examine())
      problems.push(`  ${name}: ${problem}\n    → ${fix}`)
  if (problems.length === 0) return
  throw new HoneError({
    type: 'MissingDependency',
    message: `a place of the site file cannot take jobs:\n${problems.join('\n')}`,
    nextStep: 'mend it, or name another place; nothing was started (`hone doctor` looks again)',
  })
}

async function checkSizes(places: Places, needs: readonly Need[]): Promise<void> {
  const refused = new Set<string>()
  for (const { place, resources } of needs)
    for (const { level, text, fix } of await places.get(place).launcher.fits(resources))
      if (level === 'refusal') refused.add(`  place ${place}: ${text}${fix === undefined ? '' : `; ${fix}`}`)
  if (refused.size === 0) return
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `jobs of this recipe fit no machine of their place:\n${[...refused].join('\n')}`,
    nextStep: 'change resources or place in the recipe; nothing was started',
  })
}
