import type { Ask, Reply } from '../../models/ask.ts'
import { createJudge } from '../../verifier/judge/judge.ts'
import type { Judge } from '../../verifier/judge/judge.ts'
import { judgeMaxTokens } from '../../verifier/judge/tiers.ts'
import type { PlannedCalls, StepContext } from './step.ts'

type JudgeContext = Pick<StepContext<unknown>, 'ask' | 'modelOf'>

/** A judge for one row, and its replies so far, in order. */
interface StepJudge {
  judge: Judge
  replies: readonly Reply[]
}

/**
 * A judge that asks through the step's `ask`, or null without an endpoint. As with every other call
 * of a step, a failed call fails the row and an unreachable endpoint ends the shard (`isPatient`).
 * The judge's version names the model, or the endpoint when the context does not know the model.
 */
export function stepJudge({ ask, modelOf }: JudgeContext, endpoint: string | undefined): StepJudge | null {
  if (endpoint === undefined) return null
  const replies: Reply[] = []
  const noted: Ask = async (request) => {
    const reply = await ask(request)
    replies.push(reply)
    return reply
  }
  return {
    judge: createJudge({ ask: noted, endpoint, model: modelOf?.(endpoint) ?? endpoint, isPatient: true }),
    replies,
  }
}

/**
 * The most calls for `cases` judgements: the judge is asked a second time after an unreadable
 * reply. No calls without a judge.
 */
export const judgeCalls = (endpoint: string | undefined, cases: number): PlannedCalls[] =>
  endpoint === undefined ? [] : [{ option: 'judge', perRow: 2 * cases, withImages: false, maxTokens: judgeMaxTokens }]
