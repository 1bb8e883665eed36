import { nameOf } from '../domain/recipe-references.ts'
import type { GateStep, RlStep, SftStep } from '../domain/recipe-steps.ts'
import { finalTraining, isSelection, isSft, phasesOf, type RecipeStep } from '../domain/round-plan.ts'
import { inPhase } from '../jobs/stage-settings.ts'
import type { TrainerCapabilities } from '../jobs/trainer.ts'
import type { JobPlan } from './campaign-plan.ts'
import { counted } from './count.ts'
import { candidatesOf } from './evaluation.ts'
import { joined, type Flow } from './flow.ts'
import { microBatch, tooLargeAtOnce } from './micro-batch.ts'
import type { TrainingPlace } from './training.ts'

/** What a check found. A refusal names a thing that cannot run; a note, one that runs and may not be meant. */
export interface Findings {
  refusals: Finding[]
  notes: Finding[]
}

interface Finding {
  round: number
  step: string
  text: string
}

/** Findings with their places; what is true of several steps is said once. */
export function findingTexts(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ text }) => text))].map((text) => {
    const same = findings.filter((each) => each.text === text)
    const places = [...new Set(same.map(({ round }) => round))].map((round) =>
      [`round ${round}`, ...same.filter((each) => each.round === round).map(({ step }) => step)].join(', '),
    )
    return `${places.join('; ')}: ${text}`
  })
}

/** What a check of one step says, before its place stands before it. */
interface Said {
  refusals: string[]
  notes: string[]
}

// More than the 15 passes of OpenVLThinker v1.2's hard phase, the longest of the recipes that come with Hone.
const manyPasses = 20

/**
 * What cannot be trained together, or not with this backend. `sampledTokens` is the cap under which the SFT data was
 * sampled that the start weights learnt from; 0 without any.
 */
export function checkTraining(
  place: TrainingPlace,
  step: SftStep | RlStep,
  jobs: readonly JobPlan[],
  sampledTokens: number,
): Findings {
  const found: Said = { refusals: [], notes: [] }
  const kind = isSft(step) ? 'sft' : 'grpo'
  const flow = joined(jobs.flatMap(({ from }) => from.map(place.flowOf)))
  found.refusals.push(
    ...missingCapabilities(place.backend.capabilities(), { kind, flow, gpus: place.recipe.rates?.gpus }),
  )
  if (isSft(step)) checkSft(place, step, jobs, found)
  else checkRl(place, step, { jobs, sampledTokens }, found)
  const placed = (texts: readonly string[]) => texts.map((text) => ({ round: place.round, step: nameOf(step), text }))
  return { refusals: placed(found.refusals), notes: placed(found.notes) }
}

/**
 * Notes of a gate: a selection that chose the round's weights by the same benchmark has kept the luckiest of them. Measuring
 * them again asks what was asked before, so the luck stays.
 */
export function checkGate(steps: readonly RecipeStep[], { benchmark }: GateStep): string[] {
  const chosen = steps.findIndex((step) => isSelection(step) && nameOf(step) === finalTraining(steps))
  const selection = steps[chosen]
  if (!selection || !isSelection(selection) || selection.benchmark !== benchmark) return []
  const name = nameOf(selection)
  const candidates = candidatesOf(steps, chosen)
  if (candidates === 1) return []
  return [
    `it reads ${benchmark}, by which ${name} chose the best of ${candidates}: that score is too good by the choice, ` +
      `and measuring again finds the same replies; give ${name} a dev benchmark of its own`,
  ]
}

/** What a job needs that its backend does not do. */
export function missingCapabilities(
  capabilities: TrainerCapabilities,
  { kind, flow, gpus }: { kind: 'sft' | 'grpo'; flow: Pick<Flow, 'images'>; gpus: number | undefined },
): string[] {
  const { kinds, multiImage, rewardModes, tuning, minGpus } = capabilities
  return [
    ...(kinds.includes(kind) ? [] : [`this trainer does not do ${kind}: it does ${kinds.join(', ')}`]),
    ...(multiImage || flow.images <= 1 ? [] : ['rows have several pictures, and this trainer takes one a row']),
    ...(kind === 'sft' || rewardModes.includes('http') ? [] : ['this trainer cannot ask a reward server']),
    ...(tuning.includes('full') ? [] : ['this trainer does not train all weights']),
    ...(gpus === undefined || gpus >= minGpus ? [] : [`this trainer needs ${minGpus} GPUs, rates.gpus says ${gpus}`]),
  ]
}

/** A batch is cut into equal parts: what the trainer takes where `microBatchSize` is no divisor. */
function indivisible(what: string, batch: number, micro: number | undefined): string[] {
  if (micro === undefined || micro > batch || batch % micro === 0) return []
  return [
    `microBatchSize ${micro} does not divide ${what} = ${counted(batch)}: the trainer takes ${microBatch(batch, micro)} instead`,
  ]
}

/** Without `microBatchSize` the trainer puts a whole batch on the device. */
function wholeBatch(
  { facts }: TrainingPlace,
  step: SftStep | RlStep,
  batches: readonly { batch: number; job: JobPlan }[],
): string[] {
  const found = step.microBatchSize === undefined ? tooLargeAtOnce(batches, facts.model?.parameters) : null
  if (found === null) return []
  const { batch, tokens, limit, advised } = found
  return [
    `without microBatchSize a device takes the whole batch of ${counted(batch)} at once, up to ${counted(tokens)} tokens: ` +
      `above ${counted(limit)} expect it to run out of memory; set microBatchSize, e.g. ${advised}`,
  ]
}

function checkSft(place: TrainingPlace, step: SftStep, jobs: readonly JobPlan[], { refusals, notes }: Said): void {
  notes.push(
    ...indivisible('batchSize', step.batchSize, step.microBatchSize),
    ...wholeBatch(
      place,
      step,
      jobs.map((job) => ({ batch: step.batchSize, job })),
    ),
  )
  for (const { rows, from } of jobs)
    if (rows === 0) refusals.push(`no rows come from ${from.join(', ')}: there is nothing to train on`)
}

function checkRl(
  place: TrainingPlace,
  step: RlStep,
  { jobs, sampledTokens }: { jobs: readonly JobPlan[]; sampledTokens: number },
  { refusals, notes }: Said,
): void {
  const names = phasesOf(step)
  const phases = names.map((name, nth) => ({ name, ...pickPhase(inPhase(step, step.phases?.[nth])), job: jobs[nth] }))
  const called = (name: string) => (step.phases ? `phase ${name}: ` : '')
  for (const { name, steps, generations, job } of phases) {
    const batch = step.promptsPerStep * generations
    const what = `promptsPerStep × generations = ${step.promptsPerStep} × ${generations}`
    notes.push(...indivisible(what, batch, step.microBatchSize).map((text) => called(name) + text))
    const { rows = null, passes = null } = job ?? {}
    if (rows !== null && rows < step.promptsPerStep)
      refusals.push(
        `${called(name)}promptsPerStep is ${counted(step.promptsPerStep)} and there are at most ${counted(rows)} rows: not one step can be filled`,
      )
    else if (passes !== null && passes > manyPasses)
      notes.push(`${called(name)}${counted(steps)} steps see each question ${counted(Math.round(passes))} times`)
  }
  notes.push(
    ...wholeBatch(
      place,
      step,
      phases.flatMap(({ generations, job }) => (job ? [{ batch: step.promptsPerStep * generations, job }] : [])),
    ),
  )
  // The demo's teacher writes far less than it may, whatever its limit.
  const isDemo = place.recipe.baseModel.path.startsWith('demo:')
  const clipping = isDemo ? [] : phases.filter(({ cap }) => cap < sampledTokens)
  if (clipping.length > 0) {
    const caps = [...new Set(clipping.map(({ cap }) => cap))].map((cap) => {
      const names = clipping.filter((each) => each.cap === cap).map(({ name }) => name)
      return counted(cap) + (step.phases ? ` (${names.join(', ')})` : '')
    })
    notes.push(
      `maxCompletionTokens ${caps.join(', ')} is below the ${counted(sampledTokens)} tokens that SFT traces may have: ` +
        'what is cut scores as wrong, and nothing is learnt where nearly all is; raise it or lower theirs',
    )
  }
  if (new Set(phases.map(({ cap }) => cap)).size > 1) notes.push(lengthSchedule(phases))
}

const pickPhase = ({ steps, generations, maxCompletionTokens }: RlStep) => ({
  steps,
  generations,
  cap: maxCompletionTokens,
})

/** Length cap × group size of each phase: Vision-R1 holds it at 64K tokens a question (arXiv 2503.06749, PTST). */
function lengthSchedule(phases: readonly { name: string; cap: number; generations: number }[]): string {
  const shown = phases.map(
    ({ name, cap, generations }) => `${name} ${counted(cap)} × ${generations} = ${counted(cap * generations)}`,
  )
  const isConstant = new Set(phases.map(({ cap, generations }) => cap * generations)).size === 1
  return `tokens × generations of a question: ${shown.join(', ')}${
    isConstant ? '' : '; Vision-R1 keeps this product constant, at 64K (arXiv 2503.06749)'
  }`
}
