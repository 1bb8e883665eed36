import { nameOf } from '../domain/recipe/references.ts'
import type { GateStep, RlStep, SftStep } from '../domain/recipe/steps.ts'
import { finalTraining } from '../domain/recipe/round-plan.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import { isSelection, isSft, phasesOf } from '../domain/recipe/step-kinds.ts'
import type { Finding as JobFinding } from '../jobs/finding.ts'
import { inPhase } from '../trainers/stage-settings.ts'
import type { JobPlan } from './campaign-plan.ts'
import { counted } from './count.ts'
import { candidatesOf } from './evaluation.ts'
import type { TrainingPlace } from './training.ts'

/**
 * What a check found. A refusal says what cannot run; a note says what can run but may not be
 * meant.
 */
export interface Findings {
  refusals: Finding[]
  notes: Finding[]
}

interface Finding {
  round: number
  step: string
  text: string
}

/** Findings as texts with their rounds and steps. A text that several steps share is said once. */
export function findingTexts(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ text }) => text))].map((text) => {
    const same = findings.filter((each) => each.text === text)
    const places = [...new Set(same.map(({ round }) => round))].map((round) =>
      [`round ${round}`, ...same.filter((each) => each.round === round).map(({ step }) => step)].join(', '),
    )
    return `${places.join('; ')}: ${text}`
  })
}

/** What a check of one step says, without round and step. */
interface Said {
  refusals: string[]
  notes: string[]
}

// More than the 15 passes of OpenVLThinker v1.2's hard phase, the most in the recipes of Hone.
const manyPasses = 20

/**
 * Checks a training step with its jobs. `sampledTokens` is the length cap under which the SFT data
 * of the start weights was sampled; 0 without such data.
 */
export function checkTraining(
  place: TrainingPlace,
  step: SftStep | RlStep,
  jobs: readonly JobPlan[],
  sampledTokens: number,
): Findings {
  const found: Said = { refusals: [], notes: [] }
  const names = phasesOf(step)
  jobs.forEach((job, nth) => addFindings(job.findings, jobs.length > 1 ? `phase ${names[nth]}: ` : '', found))
  if (isSft(step)) checkSft(jobs, found)
  else checkRl(place, step, { jobs, sampledTokens }, found)
  const placed = (texts: readonly string[]) => texts.map((text) => ({ round: place.round, step: nameOf(step), text }))
  return { refusals: placed(found.refusals), notes: placed(found.notes) }
}

/**
 * Notes about a gate. A selection that chose the round's weights by the gate's benchmark has kept
 * the luckiest of them. Measuring these weights again asks the same requests, so the luck stays.
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

/** Adds what trainer and place said about a job. */
function addFindings(findings: readonly JobFinding[], called: string, { refusals, notes }: Said): void {
  for (const { level, text, fix } of findings)
    (level === 'refusal' ? refusals : notes).push(`${called}${text}${fix === undefined ? '' : `; ${fix}`}`)
}

function checkSft(jobs: readonly JobPlan[], { refusals }: Said): void {
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
  for (const { name, steps, job } of phases) {
    const { rows = null, passes = null } = job ?? {}
    if (rows !== null && rows < step.promptsPerStep)
      refusals.push(
        `${called(name)}promptsPerStep is ${counted(step.promptsPerStep)} and there are at most ${counted(rows)} rows: not one step can be filled`,
      )
    else if (passes !== null && passes > manyPasses)
      notes.push(`${called(name)}${counted(steps)} steps see each question ${counted(Math.round(passes))} times`)
  }
  // The demo's teacher always writes far less than its limit.
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

/**
 * Length cap × group size of each phase. Vision-R1 holds the product at 64K tokens a question
 * (arXiv 2503.06749, PTST).
 */
function lengthSchedule(phases: readonly { name: string; cap: number; generations: number }[]): string {
  const shown = phases.map(
    ({ name, cap, generations }) => `${name} ${counted(cap)} × ${generations} = ${counted(cap * generations)}`,
  )
  const isConstant = new Set(phases.map(({ cap, generations }) => cap * generations)).size === 1
  return `tokens × generations of a question: ${shown.join(', ')}${
    isConstant ? '' : '; Vision-R1 keeps this product constant, at 64K (arXiv 2503.06749)'
  }`
}
