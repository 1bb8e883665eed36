import type { z } from 'zod'
import type { EndpointSpec } from './recipe.ts'

interface AnyStep {
  step: string
  name?: string | undefined
  from?: string | string[] | undefined
  startFrom?: string | undefined
  of?: string | undefined
  benchmark?: string | undefined
  benchmarks?: string[] | undefined
  evidence?: unknown
  snapshots?: unknown
  phases?: { name?: string | undefined; from?: string | string[] | undefined }[] | undefined
  epochs?: unknown
  steps?: unknown
}

interface AnyRecipe {
  endpoints: Record<string, EndpointSpec>
  sources: Record<string, unknown>
  benchmarks: Record<string, { role: string; judge?: string | undefined }>
  rounds: { count: number; first: AnyStep[]; next?: AnyStep[] | undefined; at?: Record<string, AnyStep[]> | undefined }
}

/** Options that name an endpoint, in any step. A step that asks several models names each by its part. */
export const endpointOptions = ['endpoint', 'asker', 'reasoner', 'viewer', 'arbiter', 'judge'] as const

export type EndpointOption = (typeof endpointOptions)[number]

/** Endpoints that a step asks, by the option that names them. */
export function endpointsOf(step: object): { option: EndpointOption; endpoint: string }[] {
  const named = new Map(Object.entries(step))
  return endpointOptions.flatMap((option) => {
    const endpoint: unknown = named.get(option)
    return typeof endpoint === 'string' ? [{ option, endpoint }] : []
  })
}

/** Names of earlier datasets that a step weighs as a whole, besides the rows it works on. */
export function evidenceOf(step: object): string[] {
  const named: unknown = 'evidence' in step ? step.evidence : undefined
  return [named].flat().filter((name) => typeof name === 'string')
}

const trainingSteps = new Set(['sft', 'rl'])
const otherSteps = new Set(['select-checkpoint', 'evaluate', 'gate'])
const listed = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(', ') || 'none'
const oneOf = (names: readonly string[], otherwise: string): string =>
  names.length === 0 ? otherwise : `use one of ${listed(names)}`

/** The step's name in tables and in `from`: its own, else its kind. */
export const nameOf = (step: { step: string; name?: string | undefined }): string => step.name ?? step.step

/** Every name a step uses must exist before it: sources, endpoints, earlier steps, benchmarks. */
export function checkReferences(recipe: AnyRecipe, context: z.core.$RefinementCtx): void {
  checkRound(recipe, recipe.rounds.first, ['rounds', 'first'], context)
  if (recipe.rounds.next) checkRound(recipe, recipe.rounds.next, ['rounds', 'next'], context)
  const { count, at = {} } = recipe.rounds
  for (const [round, steps] of Object.entries(at)) {
    const path = ['rounds', 'at', round]
    if (Number(round) > count) {
      const message = `the recipe ends with round ${count}: raise rounds.count, or leave this round out`
      context.addIssue({ code: 'custom', path, message, input: round })
    }
    checkRound(recipe, steps, path, context)
  }
  checkJudges(recipe, context)
}

/** A benchmark's judge stays the same over all rounds, so it is never a checkpoint. */
function checkJudges({ endpoints, benchmarks }: AnyRecipe, context: z.core.$RefinementCtx): void {
  const urls = Object.keys(endpoints).filter((name) => 'url' in (endpoints[name] ?? {}))
  for (const [name, { judge }] of Object.entries(benchmarks)) {
    if (judge === undefined || urls.includes(judge)) continue
    const wrong = Object.hasOwn(endpoints, judge)
      ? `"${judge}" is a checkpoint, and a judge must not change`
      : `no endpoint "${judge}"`
    const message = `${wrong}: use one with a URL, of ${listed(urls)}`
    context.addIssue({ code: 'custom', path: ['benchmarks', name, 'judge'], message, input: judge })
  }
}

function checkRound(recipe: AnyRecipe, steps: AnyStep[], path: PropertyKey[], context: z.core.$RefinementCtx): void {
  const data = new Set(Object.keys(recipe.sources))
  const trained = new Set<string>()
  const names = new Set<string>()
  let hasDataStep = false
  steps.forEach((step, index) => {
    const at = [...path, index]
    const issue = (field: string, message: string, input: unknown) =>
      context.addIssue({ code: 'custom', path: [...at, field], message, input })
    const name = nameOf(step)
    if (names.has(name) || data.has(name))
      issue('name', `"${name}" is used twice: give this step a name of its own`, name)
    for (const from of [step.from, ...(step.phases ?? []).map((phase) => phase.from)].flat()) {
      if (from !== undefined && !data.has(from))
        issue('from', `"${from}" is neither a source nor an earlier data step: use one of ${listed(data)}`, from)
    }
    for (const name of evidenceOf(step)) {
      if (!data.has(name))
        issue('evidence', `"${name}" is neither a source nor an earlier data step: use one of ${listed(data)}`, name)
    }
    if (isData(step) && !hasDataStep && step.from === undefined)
      issue('from', `the first data step must say where its rows come from: use one of ${listed(data)}`, undefined)
    checkModels(recipe, step, trained, issue)
    if (isData(step)) {
      data.add(name)
      hasDataStep = true
    }
    if (step.step === 'sft' && (step.epochs === undefined) === (step.steps === undefined))
      issue('steps', 'say either epochs or steps, one of the two', step.steps)
    if (step.step === 'sft' && !hasDataStep && step.from === undefined)
      issue('from', `there is no data step before it: use one of ${listed(data)}`, undefined)
    if (step.step === 'rl' && !hasDataStep && step.from === undefined && !step.phases?.every((phase) => phase.from))
      issue('from', `say where its questions come from: use one of ${listed(data)}`, undefined)
    if (step.step === 'select-checkpoint') checkSelection(steps, index, issue)
    if (trainingSteps.has(step.step) || step.step === 'select-checkpoint') trained.add(name)
    names.add(name)
    // Every phase publishes its weights, and has its job, under the name that phasesOf gives it.
    step.phases?.forEach((phase, place) => {
      const own = phase.name ?? `${name}-${place + 1}`
      if (names.has(own) || data.has(own)) {
        const message = `"${own}" is used twice: give this phase a name of its own`
        context.addIssue({ code: 'custom', path: [...at, 'phases', place, 'name'], message, input: own })
      }
      names.add(own)
      trained.add(own)
    })
  })
}

const isData = (step: AnyStep): boolean => !trainingSteps.has(step.step) && !otherSteps.has(step.step)

/** A selection needs an RL step before it that keeps weights to choose among. */
function checkSelection(
  steps: AnyStep[],
  index: number,
  issue: (field: string, message: string, input: unknown) => void,
): void {
  const before = steps.slice(0, index).filter((step) => step.step === 'rl')
  const { of } = steps[index] ?? {}
  const chosen = of === undefined ? before.at(-1) : before.find((step) => nameOf(step) === of)
  if (!chosen) issue('of', `no rl step before it to choose from: ${oneOf(before.map(nameOf), 'put one before it')}`, of)
  else if (chosen.snapshots === undefined)
    issue('of', `"${nameOf(chosen)}" keeps no weights to choose among: give it snapshots: { every: 5, last: 50 }`, of)
}

function checkModels(
  recipe: AnyRecipe,
  step: AnyStep,
  trained: Set<string>,
  issue: (field: string, message: string, input: unknown) => void,
): void {
  const weights = ['base', 'parent', ...trained]
  for (const { option, endpoint: name } of endpointsOf(step)) {
    const endpoint = recipe.endpoints[name]
    if (!endpoint) issue(option, `no endpoint "${name}": use one of ${listed(Object.keys(recipe.endpoints))}`, name)
    else if ('checkpoint' in endpoint && !weights.includes(endpoint.checkpoint))
      issue(
        option,
        `endpoint "${name}" serves "${endpoint.checkpoint}", which nothing before this step trains: ` +
          `let it serve one of ${listed(weights)}`,
        name,
      )
    else if ('checkpoint' in endpoint && step.step === 'rl')
      issue(
        option,
        `"${name}" is a checkpoint, and the reward server asks its judge at a URL: use an endpoint with a url`,
        name,
      )
  }
  if (step.startFrom !== undefined && !weights.includes(step.startFrom))
    issue(
      'startFrom',
      `"${step.startFrom}" is not trained before this step: use one of ${listed(weights)}`,
      step.startFrom,
    )
  if (step.of !== undefined && step.step === 'evaluate' && !trained.has(step.of))
    issue(
      'of',
      `"${step.of}" is not trained before this step: ${oneOf([...trained], 'put what trains it before it')}`,
      step.of,
    )
  const steers = step.step === 'gate' || step.step === 'select-checkpoint'
  for (const benchmark of steers ? [step.benchmark] : (step.benchmarks ?? [])) {
    if (benchmark === undefined) continue
    const found = recipe.benchmarks[benchmark]
    if (!found)
      issue('benchmark', `no benchmark "${benchmark}": use one of ${listed(Object.keys(recipe.benchmarks))}`, benchmark)
    else if (steers && found.role !== 'dev')
      issue('benchmark', `${step.step} never reads a report benchmark: use one with role dev`, benchmark)
  }
}
