import { groupFieldOf } from '../data/steps/registry.ts'
import { HoneError } from '../domain/errors.ts'
import { nameOf } from '../domain/recipe/references.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { inputsOf, selectedFrom, startOf, stepsOfRound } from '../domain/recipe/round-plan.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import { isEvaluation, isGate, isSelection, isSft, isTraining } from '../domain/recipe/step-kinds.ts'
import type { ModelServer } from '../jobs/servers/model-server.ts'
import { modelServers } from '../jobs/servers/registry.ts'
import { plainSite } from '../jobs/site/site.ts'
import type { SiteFile } from '../jobs/site/site.ts'
import { trainers as allTrainers } from '../trainers/registry.ts'
import type { Trainer } from '../trainers/trainer.ts'
import type { CampaignPlan, RoundPlan, StepPlan } from './campaign-plan.ts'
import { checkGate, checkTraining, findingTexts } from './checks.ts'
import type { Findings } from './checks.ts'
import { planDataStep } from './data-step.ts'
import { planEvaluation } from './evaluation.ts'
import { joined, sourceFlow } from './flow.ts'
import type { Flow } from './flow.ts'
import type { Known } from './known.ts'
import { leftOutText } from './left-out.ts'
import { assumptionsOf, missingOf } from './missing.ts'
import { campaignTotals, totalsOf } from './totals.ts'
import { checkServing } from './serving.ts'
import { planTraining } from './training.ts'
import type { TrainingPlace } from './training.ts'

export interface PlanOptions {
  /** Only this round; all of them when absent. */
  round?: number | undefined
  /** Where jobs run; this machine alone when absent. */
  site?: SiteFile
  /** Products that train and that serve checkpoints, by name; all of Hone's when absent. */
  trainers?: Readonly<Record<string, Trainer>>
  servers?: Readonly<Record<string, ModelServer>>
}

/**
 * What a campaign would run. Pure: it starts, asks and writes nothing. Rows are the most there can
 * be, since what a step drops is known only after it ran. Throws InvalidRecipe with everything that
 * cannot run, and UnknownRound for a round that the recipe does not have.
 */
export function planCampaign(recipe: Recipe, facts: Known, options: PlanOptions = {}): CampaignPlan {
  const { site = plainSite, trainers = allTrainers, servers = modelServers } = options
  const found: Findings = checkServing(recipe, site, servers)
  const rounds = roundsOf(recipe, options.round).map(({ round, times }): RoundPlan => {
    const steps = planRound({ recipe, facts, site, trainers }, round, found)
    return { round, times, steps, totals: totalsOf(steps) }
  })
  if (found.refusals.length > 0)
    throw new HoneError({
      type: 'InvalidRecipe',
      message: [
        'this recipe cannot run as it stands:',
        ...findingTexts(found.refusals).map((text) => `  ${text}`),
      ].join('\n'),
      nextStep: 'change it and plan again; nothing was started',
    })
  return {
    campaign: recipe.campaign,
    baseModel: recipe.baseModel.path,
    modelBytes: facts.model?.bytes ?? null,
    gpus: recipe.rates?.gpus ?? null,
    rounds,
    totals: campaignTotals(rounds),
    missing: missingOf(recipe, facts, rounds),
    assumptions: assumptionsOf(recipe, facts, rounds),
    notes: findingTexts(found.notes),
  }
}

/** The rounds to plan. Rounds in a row with the same steps are planned once. */
function roundsOf(recipe: Recipe, only: number | undefined): { round: number; times: number }[] {
  const { count } = recipe.rounds
  if (only !== undefined && only > count)
    throw new HoneError({
      type: 'UnknownRound',
      message: `the recipe has no round ${only}: it runs rounds 0 to ${count}`,
      nextStep: 'name one of these, or leave --round out',
    })
  if (only !== undefined) return [{ round: only, times: 1 }]
  const groups = [{ round: 0, times: 1 }]
  for (let round = 1; round <= count; round++) {
    const last = groups.at(-1)
    if (last && last.round > 0 && stepsOfRound(recipe, round) === stepsOfRound(recipe, last.round)) last.times++
    else groups.push({ round, times: 1 })
  }
  return groups
}

function planRound(
  given: Pick<TrainingPlace, 'recipe' | 'facts' | 'site' | 'trainers'>,
  round: number,
  found: Findings,
): StepPlan[] {
  const { recipe, facts } = given
  const steps = stepsOfRound(recipe, round)
  const flows = new Map<string, Flow>(
    Object.keys(recipe.sources).map((name) => [name, sourceFlow(facts.sources[name])] as const),
  )
  const flowOf = (name: string): Flow => flows.get(name) ?? joined([])
  // By step with weights: the length cap under which their SFT data was sampled; 0 without such
  // data.
  const sampledTokens = new Map<string, number>()
  return steps.map((step, index) => {
    const name = nameOf(step)
    if (isGate(step)) {
      found.notes.push(...checkGate(steps, step).map((text) => ({ round, step: name, text })))
      return { kind: 'gate', name, step: 'gate', benchmark: step.benchmark, against: step.against }
    }
    if (isEvaluation(step) || isSelection(step)) {
      if (isSelection(step)) sampledTokens.set(name, sampledTokens.get(selectedFrom(steps, index)) ?? 0)
      return planEvaluation(recipe, facts, steps, index, step)
    }
    if (isTraining(step)) {
      const place = { ...given, round, steps, index, flowOf }
      const plan = planTraining(place, step)
      const sampled = learntFrom(step, steps, index)
      const { refusals, notes } = checkTraining(place, step, plan.jobs, sampled)
      found.refusals.push(...refusals)
      found.notes.push(
        ...notes,
        ...leftOutNotes(plan.jobs.flatMap((job) => job.from)).map((text) => ({ round, step: name, text })),
      )
      return plan
    }
    const from = inputsOf(steps, index).map((name) => ({ name, flow: flowOf(name) }))
    const { plan, out } = planDataStep(recipe, step, from)
    flows.set(name, out)
    const groupField = groupFieldOf(step)
    if (groupField !== null && out.groups[groupField] === undefined)
      found.notes.push({
        round,
        step: name,
        text: `maxEach is not counted in: ${uncounted(groupField, inputsOf(steps, index))}`,
      })
    return plan
  })

  /** Rows of the sources behind a training that it would leave out. */
  function leftOutNotes(from: readonly string[]): string[] {
    return sourcesOf(steps, from).flatMap((source) => leftOutText(source, facts.sources[source]) ?? [])
  }

  function learntFrom(step: RecipeStep, steps: readonly RecipeStep[], index: number): number {
    const tokens = isSft(step)
      ? joined(inputsOf(steps, index).map(flowOf)).traceTokens
      : (sampledTokens.get(startOf(steps, index)) ?? 0)
    sampledTokens.set(nameOf(step), tokens)
    return tokens
  }

  /** Why the number of groups is not known, and what to do. */
  function uncounted(by: string, from: readonly string[]): string {
    const unread = sourcesOf(steps, from).filter((name) => facts.sources[name]?.groups === undefined)
    return unread.length === 0
      ? `not every source has the field "${by}": its groups are known once the step that writes it ran`
      : `groups by "${by}" are counted in files alone: put that of ${unread.join(', ')} in place (--rows gives no groups)`
  }
}

/** Names of the sources that datasets of a round come from. */
function sourcesOf(steps: readonly RecipeStep[], from: readonly string[]): string[] {
  const sources = from.flatMap((name) => {
    const index = steps.findIndex((step) => nameOf(step) === name)
    return index < 0 ? [name] : sourcesOf(steps, inputsOf(steps, index))
  })
  return [...new Set(sources)]
}
