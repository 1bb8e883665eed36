import { candidatesOf, recordSelection } from '../db/checkpoints.ts'
import type { Candidate } from '../db/checkpoints.ts'
import type { Database } from '../db/database.ts'
import { scoresOfStep } from '../db/scores.ts'
import type { ScoreRecord } from '../db/scores.ts'
import { finishStep, openStep } from '../db/steps.ts'
import { stepNamed, selectedFrom } from '../domain/recipe/round-plan.ts'
import { isRl, isSelection, phasesOf } from '../domain/recipe/step-kinds.ts'
import type { SelectCheckpointStep } from '../domain/recipe/steps.ts'
import { jobKey } from '../domain/ids.ts'
import { HoneError } from '../domain/errors.ts'
import { bestOf, choiceText } from '../evaluation/choose-checkpoint.ts'
import type { Deps } from './deps.ts'
import type { Activity } from './failures.ts'
import { gradedNow } from './grade-again.ts'
import { openedStepId, stepOfRound } from './recipes.ts'
import type { StepOfRound } from './recipes.ts'
import type { SelectionPlan, SelectionResult, StepRef } from './types.ts'

/**
 * Opens a selection and says which weights to compare: in the order of their steps, the training's
 * end last.
 */
export async function openSelection(db: Database, ref: StepRef): Promise<SelectionPlan> {
  const context = await stepOfRound(db, ref)
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

/**
 * Chooses the candidate with the best score, among equals the candidate that was trained longest.
 * Where the candidates were graded by different versions of the verifier, their stored replies are
 * graded again by this version.
 */
export async function finishSelection(
  deps: Deps,
  ref: StepRef,
  activity: Pick<Activity, 'signal' | 'progress'>,
): Promise<SelectionResult> {
  const { db } = deps
  const context = await stepOfRound(db, ref)
  const { benchmark } = selectionOf(context)
  const stepId = await openedStepId(db, ref)
  const candidates = await candidatesIn(db, ref, context)
  const stored = await scoresOfStep(db, stepId, benchmark)
  const ids = candidates.map(({ checkpoint }) => checkpoint.id)
  const again = async (score: ScoreRecord) => await gradedNow(deps, ref, { recipe: context.recipe, score, activity })
  const scores = scoredAlike(ids, stored) ?? (await scoredAgain(ids, stored, again))
  const measured = candidates.flatMap(({ checkpoint, trainStep }) => {
    const score = scores.get(checkpoint.id)
    return score ? [{ checkpoint: checkpoint.id, trainStep, accuracy: score.accuracy }] : []
  })
  const best = bestOf(measured)
  if (!best || measured.length < candidates.length)
    throw new HoneError({
      type: 'ScoresNotComparable',
      message: `${ref.step}: only ${measured.length} of ${candidates.length} checkpoints have a score on "${benchmark}"`,
      nextStep: 'resume the campaign: what is missing is measured again',
    })
  const { id } = await recordSelection(db, stepId, best.checkpoint)
  await finishStep(db, stepId, 'done')
  // The first choice stays, also where another checkpoint has the best score by now.
  const chosen = measured.find(({ checkpoint }) => checkpoint === id) ?? best
  return { checkpoint: id, summary: choiceText(chosen, measured, benchmark) }
}

type ScoreByCheckpoint = ReadonlyMap<string, ScoreRecord>

/**
 * The scores of all candidates under the newest identity that all of them have; null without one.
 */
function scoredAlike(candidates: readonly string[], scores: readonly ScoreRecord[]): ScoreByCheckpoint | null {
  for (const identityHash of new Set(scores.map((score) => score.identityHash).toReversed())) {
    const alike = new Map(
      scores.filter((score) => score.identityHash === identityHash).map((score) => [score.checkpointId, score]),
    )
    if (candidates.every((candidate) => alike.has(candidate))) return alike
  }
  return null
}

/**
 * The newest score of each candidate, graded by this version. As they are where a candidate has no
 * score yet: the selection cannot end then.
 */
async function scoredAgain(
  candidates: readonly string[],
  scores: readonly ScoreRecord[],
  again: (score: ScoreRecord) => Promise<ScoreRecord | null>,
): Promise<ScoreByCheckpoint> {
  const newest = new Map(scores.map((score) => [score.checkpointId, score]))
  if (!candidates.every((candidate) => newest.has(candidate))) return newest
  const found = new Map<string, ScoreRecord>()
  for (const [candidate, score] of newest) {
    const graded = await again(score)
    if (graded) found.set(candidate, graded)
  }
  return scoredAlike([...found.keys()], [...found.values()]) ?? new Map()
}

function selectionOf({ step }: StepOfRound): SelectCheckpointStep {
  if (isSelection(step)) return step
  throw new RangeError('this step selects no checkpoint')
}

/**
 * What the last phase of the RL step published. Of steps with the same weights the last one is the
 * candidate.
 */
async function candidatesIn(db: Database, ref: StepRef, { steps, index }: StepOfRound): Promise<Candidate[]> {
  const name = selectedFrom(steps, index)
  const { step } = stepNamed(steps, name)
  const phase = isRl(step) ? phasesOf(step).at(-1) : undefined
  if (phase === undefined) throw new RangeError(`${name} is no RL step`)
  const found = await candidatesOf(db, jobKey(ref.campaign, ref.round, name, phase))
  const last = new Map(found.map((candidate) => [candidate.checkpoint.id, candidate]))
  return found.filter((candidate) => last.get(candidate.checkpoint.id) === candidate)
}
