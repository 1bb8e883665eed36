import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { listEvents, recordEvent } from '../db/events.ts'
import { listRounds } from '../db/rounds.ts'
import { latestScore, pairScores } from '../db/scores.ts'
import type { ScoreRecord } from '../db/scores.ts'
import { finishStep, openStep } from '../db/steps.ts'
import { HoneError } from '../domain/errors.ts'
import { decide, decisions } from '../domain/gate.ts'
import type { Decision } from '../domain/gate.ts'
import { finalEvaluation } from '../domain/recipe/round-plan.ts'
import { isGate } from '../domain/recipe/step-kinds.ts'
import { mcnemarExact, pairedDifference } from '../evaluation/statistics.ts'
import { stepContext } from './recipes.ts'
import type { GateResult, RoundRef, StepRef } from './types.ts'

/** Rounds on one parent that may regress before a person is asked: fresh samples may do better, but not for ever. */
const regressionsOnOneParent = 2

/** Compares the round's end with its parent (or the base model) item by item, decides, and keeps the decision with its numbers. */
export async function decideGate(db: Database, ref: StepRef): Promise<GateResult> {
  const { step, index, round, steps } = await stepContext(db, ref)
  if (!isGate(step)) throw new RangeError(`${ref.step} is not a gate`)
  const opened = await openStep(db, {
    ...ref,
    name: ref.step,
    kind: 'gate',
    ordinal: index,
    spec: step,
    inputs: [],
  })
  const against = step.against === 'base' ? 0 : (round.parentNumber ?? 0)
  const mine = await endScore(db, ref, step.benchmark, finalEvaluation(steps, step.benchmark))
  const theirs = await endScore(db, { ...ref, round: against }, step.benchmark, null)
  const paired = await pairScores(db, theirs.id, mine.id)
  const difference = pairedDifference(paired.n, paired.aOnly, paired.bOnly)
  const p = mcnemarExact(paired.aOnly, paired.bOnly)
  const decision = decide(
    { n: paired.n, newOnly: paired.bOnly, oldOnly: paired.aOnly, ...difference },
    step.marginPercent / 100,
  )
  const action = await actionOf(db, ref, decision, step)
  const delta = (100 * (paired.bOnly - paired.aOnly)) / paired.n
  const detail = {
    benchmark: step.benchmark,
    against,
    difference: delta / 100,
    low: difference.low,
    high: difference.high,
    p,
    action,
  }
  await recordEvent(db, {
    campaign: ref.campaign,
    who: 'gate',
    kind: decision,
    why: `${step.benchmark} against round ${against}`,
    fromRound: against,
    toRound: ref.round,
    dedupeKey: decisionKey(ref),
    data: detail,
  })
  await finishStep(db, opened.stepId, 'done')
  const sign = delta < 0 ? '−' : '+'
  const summary = `${decision}: ${step.benchmark} ${sign}${Math.abs(delta).toFixed(1)} points against round ${against} (p ${p.toPrecision(2)}), n ${paired.n}`
  return { decision, action, summary }
}

const decisionKey = ({ campaign, round }: RoundRef) => `${campaign}/${round}/decision`

const storedDetail = z.looseObject({ action: z.enum(['advance', 'stay', 'pause']) })

/** The round's decision as its gate left it; nothing for a round without a gate. */
export async function storedDecision(
  db: Database,
  ref: RoundRef,
): Promise<{ decision: Decision; detail: z.infer<typeof storedDetail> } | Record<string, never>> {
  const event = (await listEvents(db, ref.campaign)).find(({ dedupeKey }) => dedupeKey === decisionKey(ref))
  if (!event) return {}
  return { decision: z.enum(decisions).parse(event.kind), detail: storedDetail.parse(event.data) }
}

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

async function actionOf(
  db: Database,
  ref: StepRef,
  decision: Decision,
  gate: { onRegress: 'rollback' | 'pause' | 'continue'; onInconclusive: 'rollback' | 'pause' | 'continue' },
): Promise<GateResult['action']> {
  if (decision === 'promote') return 'advance'
  const wanted = decision === 'regress' ? gate.onRegress : gate.onInconclusive
  if (wanted === 'continue') return 'advance'
  if (wanted === 'pause') return 'pause'
  const rounds = await listRounds(db, ref.campaign)
  const parent = rounds.find((round) => round.number === ref.round)?.parentNumber
  const tried = rounds.filter((round) => round.parentNumber === parent && round.decision === decision).length
  return tried >= regressionsOnOneParent ? 'pause' : 'stay'
}
