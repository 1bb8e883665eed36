import { answerCase } from '../data/rows/answer-case.ts'
import { bareQuestion } from '../data/rows/question-text.ts'
import { postgresReplies } from '../db/replies.ts'
import type { ScoreItem } from '../db/scores.ts'
import { HoneError } from '../domain/errors.ts'
import type { BenchmarkSpec, Recipe, UrlEndpoint } from '../domain/recipe/recipe.ts'
import { knownMetadata } from '../domain/rows.ts'
import type { Row } from '../domain/rows.ts'
import { AskFailure } from '../models/ask.ts'
import type { Reply } from '../models/ask.ts'
import { createEngine } from '../models/engine.ts'
import { assess, finalVerdict } from '../verifier/judge/assess.ts'
import { createJudge, judgeVersion } from '../verifier/judge/judge.ts'
import type { Judge } from '../verifier/judge/judge.ts'
import { verifiedCase } from '../verifier/verify.ts'
import type { Deps } from './deps.ts'
import { resolveEndpoint } from './endpoints.ts'
import type { StepRef } from './types.ts'

/** Name of a benchmark's judge among the endpoints of an evaluation; its replies are kept under it. */
const endpointName = 'judge'

/** A benchmark's judge while it is asked. */
interface BenchmarkJudge {
  judge: Judge
  close(): Promise<void>
}

function judgeSpec(recipe: Recipe, { judge }: BenchmarkSpec): UrlEndpoint | null {
  if (judge === undefined) return null
  const spec = recipe.endpoints[judge]
  if (spec && 'url' in spec) return spec
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `a benchmark's judge "${judge}" is no endpoint with a URL`,
    nextStep: 'start a new campaign whose benchmark names an endpoint with a URL as its judge',
  })
}

/** What a score's identity says of the benchmark's judge; null without one. */
export function benchmarkJudgeVersion(recipe: Recipe, benchmark: BenchmarkSpec): string | null {
  const spec = judgeSpec(recipe, benchmark)
  return spec && judgeVersion(spec.model)
}

/**
 * The judge of a benchmark over an engine of its own; null without one. Its replies are kept in Postgres by content key,
 * booked on the step that pays, so that grading again costs nothing. It is patient: an endpoint that is away ends the
 * activity, which is tried again, and never turns into a lower score.
 */
export async function openBenchmarkJudge(
  deps: Deps,
  ref: StepRef,
  { recipe, benchmark, stepId }: { recipe: Recipe; benchmark: BenchmarkSpec; stepId: number },
  signal: AbortSignal,
): Promise<BenchmarkJudge | null> {
  const spec = judgeSpec(recipe, benchmark)
  if (!spec) return null
  const engine = createEngine({
    endpoints: [await resolveEndpoint(deps, ref, endpointName, spec, signal)],
    replies: postgresReplies(deps.db, stepId),
    images: deps.images,
    signal,
  })
  const ask = engine.ask.bind(engine)
  return {
    judge: createJudge({ ask, endpoint: endpointName, model: spec.model, isPatient: true }),
    close: () => engine.close(),
  }
}

/**
 * Grades one item. Rules first; the judge is asked about what they leave open, but not about a reply that was cut, nor
 * where the item says `reward: rule`. Its grade `correct` alone counts. Where it abstains, or its call fails for good, the
 * item stays unverifiable with a reason `judge-…`. @throws Outage, HoneError and the signal's reason.
 */
export async function gradeReply(
  item: Row,
  reply: Pick<Reply, 'text' | 'finishReason'>,
  judge: Judge | null,
): Promise<Pick<ScoreItem, 'correct' | 'verdict' | 'reason' | 'extracted'>> {
  const verified = verifiedCase(answerCase(item, item.answer ?? '', reply.text))
  const { result } = verified
  const graded = ({ verdict, reason }: Pick<ScoreItem, 'verdict' | 'reason'>) => ({
    correct: verdict === 'correct',
    verdict,
    reason,
    extracted: result.extracted,
  })
  if (judge === null || reply.finishReason !== 'stop' || knownMetadata(item.metadata).reward === 'rule')
    return graded(result)
  try {
    const [assessment] = await assess([{ ...verified, question: bareQuestion(item.question) }], judge)
    return graded(assessment ? finalVerdict(assessment) : result)
  } catch (error) {
    if (error instanceof AskFailure) return graded({ verdict: 'unverifiable', reason: `judge-${error.reason}` })
    throw error
  }
}

/** Items that a judge gave no grade for: counted among the unverifiable, and told apart by their reason. */
export const abstentions = (items: readonly ScoreItem[]): number =>
  items.filter((item) => item.verdict === 'unverifiable' && item.reason.startsWith('judge-')).length
