import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { findEvent, recordEvent } from '../db/events.ts'
import { latestScore, pairScores } from '../db/scores.ts'
import type { ScoreRecord } from '../db/scores.ts'
import { finishStep, openStep } from '../db/steps.ts'
import { HoneError } from '../domain/errors.ts'
import { decisions, gateAction, gateActions } from '../domain/gate.ts'
import type { Decision } from '../domain/gate.ts'
import { finalEvaluation } from '../domain/recipe/round-plan.ts'
import { isGate } from '../domain/recipe/step-kinds.ts'
import { compareRounds, comparisonText } from '../evaluation/compare-rounds.ts'
import { stepOfRound } from './recipes.ts'
import type { GateResult, RoundRef, StepRef } from './types.ts'

/**
 * Compares the round's end with its parent (or the base model) item by item, decides, and keeps the
 * decision with its numbers.
 */
export async function decideGate(db: Database, ref: StepRef): Promise<GateResult> {
  const { step, index, round, rounds, steps } = await stepOfRound(db, ref)
  if (!isGate(step)) throw new RangeError(`${ref.step} is not a gate`)
  const opened = await openStep(db, {
    ...ref,
    name: ref.step,
    kind: 'gate',
    ordinal: index,
    spec: step,
    inputs: [],
  })
  const { benchmark } = step
  const against = step.against === 'base' ? 0 : (round.parentNumber ?? 0)
  const mine = await endScore(db, ref, benchmark, finalEvaluation(steps, benchmark))
  const theirs = await endScore(db, { ...ref, round: against }, benchmark, null)
  const { n, aOnly, bOnly } = await pairScores(db, theirs.id, mine.id)
  const compared = compareRounds({ n, oldOnly: aOnly, newOnly: bOnly }, step.marginPercent)
  const { decision, ...numbers } = compared
  const alike = rounds.filter((each) => each.parentNumber === round.parentNumber && each.decision === decision)
  const action = gateAction(decision, step, alike.length)
  await recordEvent(db, {
    campaign: ref.campaign,
    who: 'gate',
    kind: decision,
    why: `${benchmark} against round ${against}`,
    fromRound: against,
    toRound: ref.round,
    dedupeKey: decisionKey(ref),
    data: { benchmark, against, ...numbers, action },
  })
  await finishStep(db, opened.stepId, 'done')
  return { decision, action, summary: comparisonText(compared, { benchmark, against, n }) }
}

const decisionKey = ({ campaign, round }: RoundRef) => `${campaign}/${round}/decision`

const storedDetail = z.looseObject({ action: z.enum(gateActions) })

/** The round's decision as its gate left it; nothing for a round without a gate. */
export async function storedDecision(
  db: Database,
  ref: RoundRef,
): Promise<{ decision: Decision; detail: z.infer<typeof storedDetail> } | Record<string, never>> {
  const event = await findEvent(db, decisionKey(ref))
  if (!event) return {}
  return { decision: z.enum(decisions).parse(event.kind), detail: storedDetail.parse(event.data) }
}

/**
 * The score of a round's end. Throws ScoresNotComparable without one; `evaluation` is the step that
 * should have measured it, where it is known.
 */
async function endScore(
  db: Database,
  ref: RoundRef,
  benchmark: string,
  evaluation: string | null,
): Promise<ScoreRecord> {
  const last = await latestScore(db, ref.campaign, ref.round, benchmark)
  if (last) return last
  throw new HoneError({
    type: 'ScoresNotComparable',
    message: `round ${ref.round} of ${ref.campaign} has no score on "${benchmark}"${evaluation ? ` (step ${evaluation})` : ''}`,
    nextStep: 'let an evaluate step before the gate measure this benchmark',
  })
}
