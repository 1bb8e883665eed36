import type { z } from 'zod'
import type { EndpointSpec } from './endpoints.ts'
import { endpointsOf, evidenceOf, nameOf } from './references.ts'
import { hasWeights, isDataStep, isEvaluation, isGate, isRl, isSelection, isSft, phasesOf } from './step-kinds.ts'
import { own } from '../own.ts'

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

const listed = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(', ') || 'none'
const oneOf = (names: readonly string[], otherwise: string): string =>
  names.length === 0 ? otherwise : `use one of ${listed(names)}`

/**
 * Every name that a step uses must exist before it: sources, endpoints, earlier steps, benchmarks.
 */
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
  const urls = Object.keys(endpoints).filter((name) => !('checkpoint' in (endpoints[name] ?? {})))
  for (const [name, { judge }] of Object.entries(benchmarks)) {
    if (judge === undefined || urls.includes(judge)) continue
    const wrong = Object.hasOwn(endpoints, judge)
      ? `"${judge}" is a checkpoint, and a judge must not change`
      : `no endpoint "${judge}"`
    const message = `${wrong}: use one with a URL, of ${listed(urls)}`
    context.addIssue({ code: 'custom', path: ['benchmarks', name, 'judge'], message, input: judge })
  }
}

type Issue = (field: string, message: string, input: unknown) => void

/** What the steps before a step made, by name. */
interface Before {
  /** Sources, and the datasets of data steps. */
  data: Set<string>
  /** Steps and phases with weights. */
  trained: Set<string>
  /** Steps and phases. */
  names: Set<string>
  hasDataStep: boolean
}

function checkRound(recipe: AnyRecipe, steps: AnyStep[], path: PropertyKey[], context: z.core.$RefinementCtx): void {
  const before: Before = {
    data: new Set(Object.keys(recipe.sources)),
    trained: new Set(),
    names: new Set(),
    hasDataStep: false,
  }
  steps.forEach((step, index) => {
    const at = [...path, index]
    const issue: Issue = (field, message, input) =>
      context.addIssue({ code: 'custom', path: [...at, field], message, input })
    const name = nameOf(step)
    if (isTaken(before, name)) issue('name', `"${name}" is used twice: give this step a name of its own`, name)
    checkInputs(step, before, issue)
    checkModels(recipe, step, before.trained, issue)
    if (isSft(step) && (step.epochs === undefined) === (step.steps === undefined))
      issue('steps', 'say either epochs or steps, one of the two', step.steps)
    if (isSelection(step)) checkSelection(steps, index, issue)
    if (isDataStep(step)) {
      before.data.add(name)
      before.hasDataStep = true
    }
    if (hasWeights(step)) before.trained.add(name)
    before.names.add(name)
    addPhases(step, before, (place, own) => {
      const message = `"${own}" is used twice: give this phase a name of its own`
      context.addIssue({ code: 'custom', path: [...at, 'phases', place, 'name'], message, input: own })
    })
  })
}

const isTaken = ({ names, data }: Before, name: string): boolean => names.has(name) || data.has(name)

/** Every phase publishes its weights, and has its job, under a name of its own. */
function addPhases(step: AnyStep, before: Before, refuse: (place: number, name: string) => void): void {
  if (step.phases === undefined) return
  for (const [place, name] of phasesOf(step).entries()) {
    if (isTaken(before, name)) refuse(place, name)
    before.names.add(name)
    before.trained.add(name)
  }
}

/** The rows that a step takes must have been made before it. */
function checkInputs(step: AnyStep, { data, hasDataStep }: Before, issue: Issue): void {
  const unknown = (name: string): string =>
    `"${name}" is neither a source nor an earlier data step: use one of ${listed(data)}`
  for (const from of [step.from, ...(step.phases ?? []).map((phase) => phase.from)].flat())
    if (from !== undefined && !data.has(from)) issue('from', unknown(from), from)
  for (const name of evidenceOf(step)) if (!data.has(name)) issue('evidence', unknown(name), name)
  if (hasDataStep || step.from !== undefined) return
  if (isDataStep(step))
    issue('from', `the first data step must say where its rows come from: use one of ${listed(data)}`, undefined)
  if (isSft(step)) issue('from', `there is no data step before it: use one of ${listed(data)}`, undefined)
  if (isRl(step) && !step.phases?.every((phase) => phase.from))
    issue('from', `say where its questions come from: use one of ${listed(data)}`, undefined)
}

/** A selection needs an RL step before it that keeps weights to choose among. */
function checkSelection(steps: AnyStep[], index: number, issue: Issue): void {
  const before = steps.slice(0, index).filter((step) => step.step === 'rl')
  const { of } = steps[index] ?? {}
  const chosen = of === undefined ? before.at(-1) : before.find((step) => nameOf(step) === of)
  if (!chosen) issue('of', `no rl step before it to choose from: ${oneOf(before.map(nameOf), 'put one before it')}`, of)
  else if (chosen.snapshots === undefined)
    issue('of', `"${nameOf(chosen)}" keeps no weights to choose among: give it snapshots: { every: 5, last: 50 }`, of)
}

function checkModels(recipe: AnyRecipe, step: AnyStep, trained: Set<string>, issue: Issue): void {
  const weights = ['base', 'parent', ...trained]
  for (const { option, endpoint: name } of endpointsOf(step)) {
    const endpoint = own(recipe.endpoints, name)
    if (!endpoint) issue(option, `no endpoint "${name}": use one of ${listed(Object.keys(recipe.endpoints))}`, name)
    else if ('checkpoint' in endpoint && !weights.includes(endpoint.checkpoint))
      issue(
        option,
        `endpoint "${name}" serves "${endpoint.checkpoint}", which nothing before this step trains: ` +
          `let it serve one of ${listed(weights)}`,
        name,
      )
    else if ('checkpoint' in endpoint && isRl(step))
      issue(
        option,
        `"${name}" is a checkpoint, and the reward server asks its judge at a URL: use an endpoint with a url`,
        name,
      )
    else if (isRl(step) && 'mode' in endpoint && endpoint.mode === 'batch')
      issue(option, `"${name}" has mode: batch, and a reward waits for no batch: use an endpoint without it`, name)
  }
  if (step.startFrom !== undefined && !weights.includes(step.startFrom))
    issue(
      'startFrom',
      `"${step.startFrom}" is not trained before this step: use one of ${listed(weights)}`,
      step.startFrom,
    )
  if (step.of !== undefined && isEvaluation(step) && !trained.has(step.of))
    issue(
      'of',
      `"${step.of}" is not trained before this step: ${oneOf([...trained], 'put what trains it before it')}`,
      step.of,
    )
  const steers = isGate(step) || isSelection(step)
  for (const benchmark of steers ? [step.benchmark] : (step.benchmarks ?? [])) {
    if (benchmark === undefined) continue
    const found = own(recipe.benchmarks, benchmark)
    if (!found)
      issue('benchmark', `no benchmark "${benchmark}": use one of ${listed(Object.keys(recipe.benchmarks))}`, benchmark)
    else if (steers && found.role !== 'dev')
      issue('benchmark', `${step.step} never reads a report benchmark: use one with role dev`, benchmark)
  }
}
