import type { Ask, Reply } from '../../models/ask.ts'
import { createJudge } from '../../verifier/judge/judge.ts'
import type { Judge } from '../../verifier/judge/judge.ts'
import { judgeMaxTokens } from '../../verifier/judge/tiers.ts'
import type { PlannedCalls, StepContext } from './step.ts'

type JudgeContext = Pick<StepContext<unknown>, 'ask' | 'modelOf'>

/** A judge for one row, and what it was told so far, in order. */
interface StepJudge {
  judge: Judge
  replies: readonly Reply[]
}

/**
 * A judge over a step's `ask`; null without an endpoint. It is patient: a call that fails fails its row, and an endpoint
 * that is away ends the shard, as with every other call of a step. Its version names the model, or the endpoint where the
 * context does not know which model stands behind it.
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

/** Calls of `cases` judgements: each is asked once more when its reply cannot be read. None without a judge. */
export const judgeCalls = (endpoint: string | undefined, cases: number): PlannedCalls[] =>
  endpoint === undefined ? [] : [{ option: 'judge', perRow: 2 * cases, withImages: false, maxTokens: judgeMaxTokens }]
