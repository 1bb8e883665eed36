import { candidatesOf, recordSelection } from '../db/checkpoints.ts'
import type { Candidate } from '../db/checkpoints.ts'
import type { Database } from '../db/database.ts'
import { scoresOfStep } from '../db/scores.ts'
import { findStep, finishStep, openStep } from '../db/steps.ts'
import { percent } from '../domain/percent.ts'
import { findStep as stepOfRecipe, selectedFrom } from '../domain/recipe/round-plan.ts'
import { isRl, isSelection, phasesOf } from '../domain/recipe/step-kinds.ts'
import type { SelectCheckpointStep } from '../domain/recipe/steps.ts'
import { jobKey } from '../domain/ids.ts'
import { HoneError } from '../domain/errors.ts'
import { stepContext } from './recipes.ts'
import type { StepContext } from './recipes.ts'
import type { SelectionPlan, SelectionResult, StepRef } from './types.ts'

/** Opens a selection: the weights to compare, in the order of their steps, the training's end last. */
export async function openSelection(db: Database, ref: StepRef): Promise<SelectionPlan> {
  const context = await stepContext(db, ref)
  const step = selectionOf(context)
  const opened = await openStep(db, {
    ...ref,
    name: ref.step,
    kind: step.step,
    ordinal: context.index,
    spec: step,
    inputs: [],
  })
  const candidates = await candidatesIn(db, ref, context)
  return {
    candidates: candidates.map(({ checkpoint, trainStep }) => ({ checkpoint: checkpoint.id, trainStep })),
    isDone: opened.status === 'done',
  }
}

/** Chooses the candidate with the best score; among equals the one that was trained longest. */
export async function finishSelection(db: Database, ref: StepRef): Promise<SelectionResult> {
  const context = await stepContext(db, ref)
  const { benchmark } = selectionOf(context)
  const step = await findStep(db, ref.campaign, ref.round, ref.step)
  if (!step) throw new RangeError(`${ref.step} was not opened`)
  const candidates = await candidatesIn(db, ref, context)
  const scores = new Map((await scoresOfStep(db, step.id, benchmark)).map((score) => [score.checkpointId, score]))
  const measured = candidates.flatMap((candidate) => {
    const score = scores.get(candidate.checkpoint.id)
    return score ? [{ ...candidate, accuracy: score.accuracy }] : []
  })
  const [best] = measured.toReversed().toSorted((a, b) => b.accuracy - a.accuracy)
  if (!best || measured.length < candidates.length)
    throw new HoneError({
      type: 'ScoresNotComparable',
      message: `${ref.step}: only ${measured.length} of ${candidates.length} checkpoints have a score on "${benchmark}"`,
      nextStep: 'resume the campaign: what is missing is measured again',
    })
  const { id } = await recordSelection(db, step.id, best.checkpoint.id)
  await finishStep(db, step.id, 'done')
  // What was chosen first stands, and may not be the best of what is known now.
  const chosen = measured.find(({ checkpoint }) => checkpoint.id === id) ?? best
  const end = measured.at(-1)
  const of = `${benchmark} ${percent(chosen.accuracy)}, best of ${measured.length}`
  return {
    checkpoint: id,
    summary: `${chosen.trainStep === null ? 'the end' : `step ${chosen.trainStep}`}: ${of} (end ${percent(end?.accuracy ?? 0)})`,
  }
}

function selectionOf({ step }: StepContext): SelectCheckpointStep {
  if (isSelection(step)) return step
  throw new RangeError('this step selects no checkpoint')
}

/** What the last phase of the RL step published. Steps with the same weights are one candidate: the last of them. */
async function candidatesIn(db: Database, ref: StepRef, { steps, index }: StepContext): Promise<Candidate[]> {
  const name = selectedFrom(steps, index)
  const { step } = stepOfRecipe(steps, name)
  const phase = isRl(step) ? phasesOf(step).at(-1) : undefined
  if (phase === undefined) throw new RangeError(`${name} is no RL step`)
  const found = await candidatesOf(db, jobKey(ref.campaign, ref.round, name, phase))
  const last = new Map(found.map((candidate) => [candidate.checkpoint.id, candidate]))
  return found.filter((candidate) => last.get(candidate.checkpoint.id) === candidate)
}
