import type { Recipe } from '../domain/recipe/recipe.ts'
import type { RlStep } from '../domain/recipe/steps.ts'
import { endpointCallOptions } from '../domain/recipe/call-options.ts'
import { isUrlEndpoint, urlsOf } from '../domain/recipe/endpoints.ts'
import { judgeIdOf, writeJudgeFile } from '../verifier/judge/judge-file.ts'
import { rewardOf } from '../trainers/recipe-stage.ts'
import type { RewardSpec } from '../trainers/stage.ts'
import type { Deps } from './deps.ts'
import { resolveEndpoint } from './endpoints.ts'
import type { StepRef } from './types.ts'

/** How long a trainer waits for scores by rules. */
const rulesSeconds = 30
/** Added to the judge's own deadline, for the rules and the ways. */
const marginSeconds = 10

/** How completions are scored, and how long a trainer waits for scores. */
export interface RewardPlan {
  spec: RewardSpec
  timeoutSeconds: number
}

/**
 * How an RL step's completions are rewarded. A judge that the step names is written to a file where
 * the reward server looks for it. Every worker that comes to the step writes it again, so that a
 * trainer which outlived a restart finds its judge at today's address. Throws EndpointRefused for
 * the demo teacher where it does not run, StorageFull when the file cannot be written.
 */
export async function rewardPlan(deps: Deps, ref: StepRef, recipe: Recipe, step: RlStep): Promise<RewardPlan> {
  if (step.judge === undefined) return { spec: rewardOf(step), timeoutSeconds: rulesSeconds }
  const spec = recipe.endpoints[step.judge]
  if (spec === undefined || !isUrlEndpoint(spec))
    throw new RangeError(`judge "${step.judge}" is no endpoint with a URL`)
  const { baseUrls } = await resolveEndpoint(deps, ref, step.judge, spec, deps.shutdown)
  const { model, apiKeyEnv, timeoutSeconds, concurrency } = spec
  const options = endpointCallOptions.omit({ apiKeyEnv: true }).parse(spec)
  const said = {
    model,
    ...(apiKeyEnv !== undefined && { apiKeyEnv }),
    timeoutSeconds,
    concurrency,
    ...(Object.keys(options).length > 0 && { options }),
  }
  const judge = judgeIdOf({ ...said, url: spec.url ?? urlsOf(spec) })
  await writeJudgeFile(deps.judges, judge, { ...said, url: baseUrls.length === 1 ? (baseUrls[0] ?? '') : baseUrls })
  return { spec: rewardOf(step, judge), timeoutSeconds: Math.max(rulesSeconds, timeoutSeconds + marginSeconds) }
}
