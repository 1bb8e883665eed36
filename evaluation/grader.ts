import { answerCase } from '../data/rows/answer-case.ts'
import { bareQuestion } from '../data/rows/question-text.ts'
import { withUsualPolicy } from '../domain/answer-check.ts'
import { HoneError } from '../domain/errors.ts'
import { isUrlEndpoint } from '../domain/recipe/endpoints.ts'
import type { BenchmarkSpec, Recipe, UrlEndpoint } from '../domain/recipe/recipe.ts'
import { knownMetadata } from '../domain/rows.ts'
import type { Row } from '../domain/rows.ts'
import type { ScoreItem } from '../domain/score.ts'
import { AskFailure } from '../models/ask.ts'
import type { Ask, Reply } from '../models/ask.ts'
import { assess, finalVerdict } from '../verifier/judge/assess.ts'
import { createJudge, judgeVersion } from '../verifier/judge/judge.ts'
import { verifierVersion } from '../verifier/verdict.ts'
import { verifyInPool } from '../verifier/serve/process-pool.ts'
import type { ScoreIdentityParts } from './score-identity.ts'

/** What a grader says of one item. `correct` alone counts for the accuracy. */
export type Grade = Pick<ScoreItem, 'correct' | 'verdict' | 'reason' | 'extracted'>

/**
 * Grades the reply to one item. Throws Outage, HoneError and the signal's reason: a model that is
 * away never becomes a bad grade.
 */
export type GradeReply = (item: Row, reply: Pick<Reply, 'text' | 'finishReason'>) => Promise<Grade>

/** A way to grade the replies to a benchmark's items. */
export interface Grader {
  /** The grader's part of a score's identity. Scores of different graders are never compared. */
  identity: Pick<ScoreIdentityParts, 'graderVersion' | 'judge' | 'policy'>
  /**
   * The model that the grader asks, under the endpoint name {@link graderEndpoint}; null where it
   * asks no model. The same item with the same reply always makes the same requests: items are
   * graded first while they are answered, and again at the end from the stored replies.
   */
  model: UrlEndpoint | null
  /** Opens the grader over an `ask` that reaches its model. */
  open(ask: Ask): GradeReply
}

/** Name of a grader's model among the endpoints of an evaluation. Its replies carry this name. */
export const graderEndpoint = 'judge'

/**
 * The grader of a benchmark. A new grader is an object like the two here and a line in this
 * function.
 */
export function graderOf(
  recipe: Pick<Recipe, 'endpoints' | 'policy'>,
  { judge }: Pick<BenchmarkSpec, 'judge'>,
): Grader {
  const { policy } = recipe
  return judge === undefined ? rules(policy) : rulesThenJudge(judgeEndpoint(recipe, judge), policy)
}

function judgeEndpoint({ endpoints }: Pick<Recipe, 'endpoints'>, judge: string): UrlEndpoint {
  const spec = endpoints[judge]
  if (spec && isUrlEndpoint(spec)) return spec
  throw new HoneError({
    type: 'InvalidRecipe',
    message: `a benchmark's judge "${judge}" is no endpoint with a URL`,
    nextStep: 'start a new campaign whose benchmark names an endpoint with a URL as its judge',
  })
}

/** Grades by the verifier's rules alone. `policy` is the recipe's. */
const rules = (policy: Recipe['policy']): Grader => ({
  identity: { graderVersion: verifierVersion, judge: null, ...(policy && { policy }) },
  model: null,
  open: () => async (item, reply) => (await byRules(item, reply, policy)).grade,
})

/**
 * Grades by rules, and asks a judge model about answers that the rules leave open. The judge is not
 * asked about a reply that was cut, nor about an item whose metadata say `reward: rule`. Of its
 * grades only `correct` counts. When the judge abstains or its call fails for good, the item stays
 * unverifiable with a reason `judge-…`. An endpoint that is away ends the grading, which is tried
 * again: it never becomes a lower score.
 */
function rulesThenJudge(model: UrlEndpoint, policy: Recipe['policy']): Grader {
  return {
    identity: { graderVersion: verifierVersion, judge: judgeVersion(model.model), ...(policy && { policy }) },
    model,
    open(ask) {
      const judge = createJudge({ ask, endpoint: graderEndpoint, model: model.model, isPatient: true })
      return async (item, reply) => {
        const { verified, grade } = await byRules(item, reply, policy)
        if (reply.finishReason !== 'stop' || knownMetadata(item.metadata).reward === 'rule') return grade
        try {
          const [assessment] = await assess([{ ...verified, question: bareQuestion(item.question) }], judge)
          return assessment ? gradeOf(finalVerdict(assessment), verified.result) : grade
        } catch (error) {
          if (error instanceof AskFailure)
            return gradeOf({ verdict: 'unverifiable', reason: `judge-${error.reason}` }, verified.result)
          throw error
        }
      }
    },
  }
}

async function byRules(item: Row, reply: Pick<Reply, 'text'>, policy: Recipe['policy']) {
  const verified = await verifyInPool(answerCase(withUsualPolicy(item, policy), item.answer ?? '', reply.text))
  return { verified, grade: gradeOf(verified.result, verified.result) }
}

const gradeOf = (
  { verdict, reason }: Pick<Grade, 'verdict' | 'reason'>,
  { extracted }: Pick<Grade, 'extracted'>,
): Grade => ({ correct: verdict === 'correct', verdict, reason, extracted })

/**
 * Items that a judge gave no grade for. They are among the unverifiable items; their reason tells
 * them apart.
 */
export const abstentions = (items: readonly ScoreItem[]): number =>
  items.filter((item) => item.verdict === 'unverifiable' && item.reason.startsWith('judge-')).length
