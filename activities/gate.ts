import { z } from 'zod'
import type { Database } from '../db/database.ts'
import { findEvent, recordEvent } from '../db/events.ts'
import { pairScores, scoresOfEnd } from '../db/scores.ts'
import type { ScoreRecord } from '../db/scores.ts'
import { finishStep, openStep } from '../db/steps.ts'
import { HoneError } from '../domain/errors.ts'
import { decisions, gateAction, gateActions } from '../domain/gate.ts'
import type { Decision } from '../domain/gate.ts'
import { finalEvaluation } from '../domain/recipe/round-plan.ts'
import { isGate } from '../domain/recipe/step-kinds.ts'
import { compareRounds, comparisonText } from '../evaluation/compare-rounds.ts'
import { graderText } from '../evaluation/score-identity.ts'
import type { Deps } from './deps.ts'
import type { Activity } from './failures.ts'
import { gradedNow } from './grade-again.ts'
import { stepOfRound } from './recipes.ts'
import type { StepOfRound } from './recipes.ts'
import type { GateResult, RoundRef, StepRef } from './types.ts'

/**
 * Compares the round's end with its parent (or the base model) item by item, decides, and keeps the
 * decision with its numbers. Only scores of one grader are compared: where the two ends were graded
 * by different versions, their stored replies are graded again by this version.
 */
export async function decideGate(
  deps: Deps,
  ref: StepRef,
  activity: Pick<Activity, 'signal' | 'progress'>,
): Promise<GateResult> {
  const { db } = deps
  const context = await stepOfRound(db, ref)
  const { step, index, round, rounds } = context
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
  const { mine, theirs } =
    (await comparedBefore(db, ref)) ?? (await comparable(deps, ref, { context, benchmark, against, activity }))
  const { n, aOnly, bOnly } = await pairScores(db, theirs, mine)
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
    data: { benchmark, against, ...numbers, action, scores: { theirs, mine } },
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

/** Ids of the two scores that a gate compares. */
interface ComparedScores {
  mine: number
  theirs: number
}

const storedScores = z.looseObject({ scores: z.object({ mine: z.number(), theirs: z.number() }) })

/**
 * The scores that the gate decided by, where it has decided. A retry decides by the same scores,
 * also where they were graded again in between.
 */
async function comparedBefore(db: Database, ref: RoundRef): Promise<ComparedScores | null> {
  const parsed = storedScores.safeParse((await findEvent(db, decisionKey(ref)))?.data)
  return parsed.success ? parsed.data.scores : null
}

interface Comparison {
  context: StepOfRound
  benchmark: string
  against: number
  activity: Pick<Activity, 'signal' | 'progress'>
}

/**
 * The newest scores of both ends that were measured alike. Where there are none, both ends are
 * graded again. Throws ScoresNotComparable where that makes no pair either.
 */
async function comparable(
  deps: Deps,
  ref: StepRef,
  { context: { recipe, steps }, benchmark, against, activity }: Comparison,
): Promise<ComparedScores> {
  const { db } = deps
  const mine = await endScores(db, ref, benchmark, finalEvaluation(steps, benchmark))
  const theirs = await endScores(db, { ...ref, round: against }, benchmark, null)
  const found = alike(mine, theirs)
  if (found) return found
  const now: ScoreRecord[] = []
  for (const score of [mine[0], theirs[0]]) {
    const graded = score && (await gradedNow(deps, ref, { recipe, score, activity }))
    if (graded) now.push(graded)
  }
  const [own, other] = now
  if (own && other && own.identityHash === other.identityHash) return { mine: own.id, theirs: other.id }
  const graders = [mine, theirs].map((scores) => graderText(scores[0]?.identity))
  throw new HoneError({
    type: 'ScoresNotComparable',
    message: `rounds ${ref.round} and ${against} of ${ref.campaign} were not measured alike on "${benchmark}" (${graders.join('; ')})`,
    nextStep: 'start a new campaign: it finds the replies of this campaign and pays only for what is new',
  })
}

/** The newest scores of two ends that have the same identity. */
function alike(mine: readonly ScoreRecord[], theirs: readonly ScoreRecord[]): ComparedScores | null {
  for (const own of mine) {
    const other = theirs.find(({ identityHash }) => identityHash === own.identityHash)
    if (other) return { mine: own.id, theirs: other.id }
  }
  return null
}

/**
 * The scores of a round's end, newest first. Throws ScoresNotComparable where there is no score;
 * `evaluation` is the step that should have measured it, where it is known.
 */
async function endScores(
  db: Database,
  ref: RoundRef,
  benchmark: string,
  evaluation: string | null,
): Promise<ScoreRecord[]> {
  const found = await scoresOfEnd(db, ref.campaign, ref.round, benchmark)
  if (found.length > 0) return found
  throw new HoneError({
    type: 'ScoresNotComparable',
    message: `round ${ref.round} of ${ref.campaign} has no score on "${benchmark}"${evaluation ? ` (step ${evaluation})` : ''}`,
    nextStep: 'let an evaluate step before the gate measure this benchmark',
  })
}
