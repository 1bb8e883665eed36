import type { Database } from '../db/database.ts'
import { checkpointOfStep } from '../db/checkpoints.ts'
import { closeRound, getRound, openRound, reopenRound } from '../db/rounds.ts'
import { findStep, finishStep, listSteps } from '../db/steps.ts'
import { finalTraining } from '../domain/recipe/round-plan.ts'
import { isDataStep, isEvaluation, isSelection, isTraining, phasesOf } from '../domain/recipe/step-kinds.ts'
import type { RecipeStep } from '../domain/recipe/round-plan.ts'
import { nameOf } from '../domain/recipe/references.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { baseCheckpoint } from './base-model.ts'
import type { Deps } from './deps.ts'
import { storedDecision } from './gate.ts'
import { roundOfCampaign } from './recipes.ts'
import { roundSummaries } from './summaries.ts'
import type { IoActivities, RoundToRun, RoundRef, RoundSummary, StepToRun } from './types.ts'

/** Opens a round, or finds it as it was left, and says which of its steps are still to do. */
export async function openRoundPlan(
  db: Database,
  { campaign, round, parent }: Parameters<IoActivities['openRound']>[0],
): Promise<RoundToRun> {
  const record = await openRound(db, { campaign, number: round, parent })
  if (record.status === 'failed') await reopenRound(db, campaign, round)
  const { recipe, steps } = await roundOfCampaign(db, { campaign, round })
  const done = new Set(
    (await listSteps(db, campaign, round)).filter(({ status }) => status === 'done').map(({ name }) => name),
  )
  return { steps: steps.map((step) => planOf(recipe, step, done.has(nameOf(step)))) }
}

function planOf(recipe: Recipe, step: RecipeStep, isDone: boolean): StepToRun {
  const name = nameOf(step)
  if (isTraining(step)) {
    const { queueHours, runHours, attemptsPerJob } = recipe.limits
    const maxHours = (queueHours + runHours) * attemptsPerJob
    return { kind: 'training', name, step: step.step, phases: phasesOf(step), maxHours, isDone }
  }
  if (isSelection(step)) return { kind: 'selection', name, isDone }
  if (isEvaluation(step)) return { kind: 'evaluation', name, isDone }
  if (isDataStep(step)) return { kind: 'data', name, step: step.step, isDone }
  return { kind: 'gate', name, isDone }
}

/**
 * Ends a round. A round that ended well gets its model and the gate's decision. Steps that still
 * run end in the same way as the round.
 */
export async function closeRoundAs(
  deps: Deps,
  { campaign, round, status, reason }: Parameters<IoActivities['closeRound']>[0],
): Promise<RoundSummary> {
  const { db } = deps
  if ((await getRound(db, campaign, round)).status === 'running') {
    const stepStatus = status === 'closed' ? 'done' : status
    for (const step of await listSteps(db, campaign, round))
      if (step.status === 'running') await finishStep(db, step.id, stepStatus, reason)
    const end =
      status === 'closed'
        ? {
            checkpointId: await modelOfRound(deps, { campaign, round }),
            ...(await storedDecision(db, { campaign, round })),
          }
        : {}
    await closeRound(db, { campaign, number: round, status, reason, ...end })
  }
  const summary = (await roundSummaries(db, campaign)).find((each) => each.round === round)
  if (!summary) throw new RangeError(`round ${round} of ${campaign} has no summary`)
  return summary
}

/**
 * The checkpoint that a round ends with: the last training's, or the choice of a selection; the
 * parent's when the round trains nothing; the base model for round 0.
 */
async function modelOfRound(deps: Deps, ref: RoundRef): Promise<string> {
  const { db } = deps
  const { round, rounds, steps } = await roundOfCampaign(db, ref)
  const trained = finalTraining(steps)
  if (trained !== null) {
    const step = await findStep(db, ref.campaign, ref.round, trained)
    const published = step && (await checkpointOfStep(db, step.id))
    if (published) return published.id
  }
  const parent = rounds.find((each) => each.number === round.parentNumber)
  return parent?.checkpointId ?? (await baseCheckpoint(deps, ref.campaign)).id
}
