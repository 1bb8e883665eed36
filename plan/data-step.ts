import { dataSteps } from '../data/steps/registry.ts'
import { mix } from '../data/steps/mix.ts'
import { select } from '../data/steps/select.ts'
import type { DataStep, PlannedCalls, StepEstimate } from '../data/steps/step.ts'
import { endpointsOf, nameOf } from '../domain/recipe/references.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import { callsTo } from './calls.ts'
import type { CallPlan, DataStepPlan } from './campaign-plan.ts'
import { known } from './count.ts'
import type { Count } from './count.ts'
import { joined } from './flow.ts'
import type { Flow } from './flow.ts'
import { judgeCharacters, pictureTokens, templateCharacters, textTokens } from './tokens.ts'

/** The plan of a data step over the datasets that it reads, and the rows that come out. */
export function planDataStep(
  recipe: Recipe,
  step: RecipeStep,
  from: readonly { name: string; flow: Flow }[],
): { plan: DataStepPlan; out: Flow } {
  const definition = dataSteps[step.step]
  if (!definition) throw new RangeError(`no data step "${step.step}"`)
  const flows = from.map(({ flow }) => flow)
  const into = joined(flows)
  const estimate = definition.estimate(definition.options.parse(step))
  const out = { ...into, ...rowsAfter(step, definition, flows, into, estimate), ...textsAfter(estimate) }
  return {
    out,
    plan: {
      kind: 'data',
      name: nameOf(step),
      step: step.step,
      from: from.map(({ name }) => name),
      rowsIn: into.rows,
      rowsOut: out.rows,
      // A step over whole datasets runs at once, in the activity that opens it.
      shards:
        definition.per === 'dataset' ? 0 : known([into.rows], (rows) => Math.ceil(rows / recipe.limits.shardRows)),
      calls: estimate.calls.map((call) => planCalls(recipe, step, call, into)),
    },
  }
}

/** The longest texts that a step may write. They replace the texts of earlier steps. */
function textsAfter({ writes, calls }: StepEstimate): Partial<Flow> {
  const limit = Math.max(0, ...calls.filter(({ option }) => option !== 'judge').map(({ maxTokens }) => maxTokens))
  if (writes === 'description') return { descriptionTokens: limit }
  if (writes === 'trace') return { traceTokens: limit }
  // A new question has no trace yet.
  return writes === 'question' ? { traceTokens: 0 } : {}
}

type Rows = Pick<Flow, 'rows' | 'questions'>

function rowsAfter(
  step: RecipeStep,
  definition: DataStep,
  flows: readonly Flow[],
  into: Flow,
  { rowsOut, writes }: StepEstimate,
): Rows {
  if (definition === dataSteps['select']) {
    const { pick, keep } = select.options.parse(step)
    const rows =
      pick === 'all'
        ? into.rows
        : atMost(
            into.rows,
            known([into.questions], (all) => all * keep),
          )
    return { rows, questions: into.questions }
  }
  if (definition === dataSteps['mix']) return mixedRows(step, flows, into)
  const multiplied = (count: Count) => known([count], (value) => value * rowsOut)
  // Several rows of one row are traces of its question, unless the step writes questions.
  return { rows: multiplied(into.rows), questions: writes === 'question' ? multiplied(into.questions) : into.questions }
}

/**
 * Rows of a mix. With shares the scarcest input sets the size, as in data/steps/mix.ts; an input of
 * unknown size sets no limit.
 */
function mixedRows(step: RecipeStep, flows: readonly Flow[], into: Flow): Rows {
  const { weights, maxRows, by, maxEach } = mix.options.parse(step)
  const groups = into.groups[by ?? '']
  const questions =
    maxEach === undefined || groups === undefined ? into.questions : atMost(into.questions, groups * maxEach)
  // Known where each question has one row. Several rows of a question may lie in any way.
  let rows = into.rows === into.questions ? questions : into.rows
  if (weights) {
    const total = flows.reduce((sum, _, input) => sum + (weights[input] ?? 1), 0)
    const units = flows.flatMap((flow, input) => (flow.rows === null ? [] : [flow.rows / (weights[input] ?? 1)]))
    const share = units.length === 0 ? null : Math.floor(Math.min(...units) * total + 1e-9)
    rows = atMost(rows, share)
  }
  rows = atMost(rows, maxRows ?? null)
  return { rows, questions: atMost(questions, rows) }
}

/** The smaller of two upper limits. An unknown limit limits nothing. */
const atMost = (a: Count, b: Count): Count => (a === null ? b : b === null ? a : Math.min(a, b))

/**
 * Calls to one endpoint. A prompt is the step's template, the question and the pictures; a call
 * without pictures reads the description instead. Texts that a step's calls pass to each other are
 * not counted.
 */
function planCalls(recipe: Recipe, step: RecipeStep, call: PlannedCalls, into: Flow): CallPlan {
  const name = endpointsOf(step).find(({ option }) => option === call.option)?.endpoint
  const calls = known([into.rows], (rows) => rows * call.perRow)
  const pictures = into.images * pictureTokens(recipe.endpoints[name ?? '']?.imageMaxPixels ?? 0)
  const seen = call.withImages ? pictures : call.option === 'judge' ? 0 : into.descriptionTokens
  const prompt = promptTokens(recipe, step, call) + into.questionTokens + seen
  return callsTo(recipe, name ?? call.option, { calls, prompt, completion: call.maxTokens })
}

/**
 * Tokens around the question: of the recipe's own prompt, of the step's template, or of the suffix
 * that the trained model always sees.
 */
function promptTokens(recipe: Recipe, step: RecipeStep, { option, promptCharacters }: PlannedCalls): number {
  if (option === 'judge') return textTokens(judgeCharacters)
  if (promptCharacters !== undefined) return textTokens(promptCharacters)
  return textTokens(step.step === 'sample' ? recipe.promptSuffix.length : templateCharacters)
}
