import type { CampaignRecord } from '../db/campaigns.ts'
import type { Database } from '../db/database.ts'
import { changedItems, itemsWithoutReply, streamGradedRows } from '../db/graded-items.ts'
import type { ChangedItem } from '../db/graded-items.ts'
import { findReplies } from '../db/replies.ts'
import { listScores, saveGradedAgain } from '../db/scores.ts'
import type { ScoreRecord } from '../db/scores.ts'
import { listSteps } from '../db/steps.ts'
import { HoneError } from '../domain/errors.ts'
import type { Recipe } from '../domain/recipe/recipe.ts'
import { gradeAgain, storedAsk } from '../evaluation/grade-again.ts'
import { graderEndpoint, graderOf } from '../evaluation/grader.ts'
import type { Grader } from '../evaluation/grader.ts'
import { gradedBy, graderOfScore } from '../evaluation/score-identity.ts'
import type { ScoreIdentity } from '../evaluation/score-identity.ts'
import { accuracyOf } from '../evaluation/statistics.ts'
import { resolveUrlEndpoint } from '../models/resolve-endpoint.ts'
import { storedRecipe } from '../recipes/read-recipe.ts'

/** A score with the grader that gave it. Accuracy and its 95 % interval are fractions. */
export interface GradedScore {
  /** Version of the verifier; null where the score does not say. */
  verifier: string | null
  judge: string | null
  correct: number
  unverifiable: number
  accuracy: number
  low: number
  high: number
}

/**
 * How the score of this version came about. `graded`: it was graded and stored now. `stored`: it
 * was there. `judge-not-stored`: there is none, because the judge's replies to some answers are not
 * stored. `unreadable`: there is none, because this version cannot read what the old score was
 * measured with.
 */
export type AgainState = 'graded' | 'stored' | 'judge-not-stored' | 'unreadable'

/**
 * The replies of one evaluation on one benchmark: the score of before and the score of this
 * version.
 */
export interface AgainScore {
  round: number
  step: string
  benchmark: string
  /** Id of the checkpoint that was measured. */
  checkpoint: string
  state: AgainState
  n: number
  /** Items without a stored reply. They count as wrong, before and after. */
  noReply: number
  /** Items whose judge's reply is needed and not stored; 0 unless the state says so. */
  judgeNotStored: number
  /** Null where only this version graded the replies. */
  before: GradedScore | null
  after: GradedScore | null
  /** Items that are right only after, and items that were right only before. */
  gained: number
  lost: number
  /** All items whose verdict changed. */
  changed: ChangedItem[]
}

/** Which evaluations to grade again; all of a campaign where nothing is said. */
export interface AgainWish {
  round?: number | undefined
  benchmark?: string | undefined
}

/**
 * Replies that one grader grades alike: a score of this version, and the newest score of before.
 */
interface Group {
  newest: ScoreRecord
  before: ScoreRecord | null
  after: ScoreRecord | null
  /** Null where the identity cannot be read. */
  identity: ScoreIdentity | null
  grader: Grader | null
}

/**
 * Grades the stored replies of a campaign's evaluations with this version's verifier, and keeps the
 * scores beside those of before. No model is asked. A judge's reply is used where it is stored; a
 * benchmark that needs another reply of its judge gets no score. Each score is written in one
 * transaction, so a run that was killed is made good by the next. Throws InvalidInput for a round
 * or a benchmark without a score.
 */
export async function gradeCampaignAgain(
  db: Database,
  campaign: CampaignRecord,
  wish: AgainWish = {},
): Promise<AgainScore[]> {
  const recipe = storedRecipe(campaign.recipe)
  const scores = wished(await listScores(db, campaign.id), campaign.id, wish)
  const steps = new Map((await listSteps(db, campaign.id)).map(({ id, name }) => [id, name]))
  const results: AgainScore[] = []
  for (const group of groupsOf(scores, recipe))
    results.push(await gradedGroup(db, group, steps.get(group.newest.stepId) ?? ''))
  return results
}

function wished(scores: readonly ScoreRecord[], campaign: string, { round, benchmark }: AgainWish): ScoreRecord[] {
  const found = scores.filter(
    (score) =>
      (round === undefined || score.roundNumber === round) &&
      (benchmark === undefined || score.benchmark === benchmark),
  )
  if (found.length > 0) return found
  const known = [...new Set(scores.map((score) => `${score.benchmark} of round ${score.roundNumber}`))]
  throw new HoneError({
    type: 'InvalidInput',
    message: `${campaign} has no such score to grade again.`,
    nextStep: known.length === 0 ? 'Wait until an evaluation of it has ended.' : `It has: ${known.join(', ')}.`,
  })
}

/** Scores of the same replies together, in the order of the scores. */
function groupsOf(scores: readonly ScoreRecord[], recipe: Recipe): Group[] {
  const groups = new Map<string, Group>()
  for (const score of scores) {
    const spec = recipe.benchmarks[score.benchmark]
    const grader = spec ? graderOf(recipe, spec) : null
    const identity = grader && gradedBy(score.identity, grader.identity)
    const key = JSON.stringify([score.stepId, score.benchmark, score.checkpointId, identity?.hash ?? score.id])
    const group = groups.get(key) ?? { newest: score, before: null, after: null, identity, grader }
    groups.set(key, group)
    group.newest = score
    if (score.identityHash === identity?.hash) group.after = score
    else group.before = score
  }
  return [...groups.values()]
}

async function gradedGroup(db: Database, group: Group, step: string): Promise<AgainScore> {
  const { newest, before, identity, grader } = group
  const { after, state, judgeNotStored } =
    group.after || !before
      ? { after: group.after, state: 'stored' as const, judgeNotStored: 0 }
      : identity && grader
        ? await gradedNow(db, before, { identity, grader })
        : { after: null, state: 'unreadable' as const, judgeNotStored: 0 }
  const changed = before && after ? await changedItems(db, before.id, after.id) : []
  return {
    round: newest.roundNumber,
    step,
    benchmark: newest.benchmark,
    checkpoint: newest.checkpointId,
    state,
    n: newest.n,
    noReply: await itemsWithoutReply(db, newest.id),
    judgeNotStored,
    before: before && gradedScore(before),
    after: after && gradedScore(after),
    gained: changed.filter((item) => item.after.correct && !item.before.correct).length,
    lost: changed.filter((item) => item.before.correct && !item.after.correct).length,
    changed,
  }
}

async function gradedNow(
  db: Database,
  before: ScoreRecord,
  { identity, grader }: { identity: ScoreIdentity; grader: Grader },
): Promise<{ after: ScoreRecord | null; state: AgainState; judgeNotStored: number }> {
  const find = (keys: readonly string[]) => findReplies(db, keys)
  // Only the key of a judge's request matters: no address is asked.
  const endpoint = grader.model && resolveUrlEndpoint(graderEndpoint, grader.model)
  const { items, unjudged } = await gradeAgain({
    items: streamGradedRows(db, before.id),
    findReplies: find,
    grade: grader.open(endpoint ? storedAsk(endpoint, find) : asksNobody),
    window: itemsAtOnce,
    check: () => undefined,
  })
  if (unjudged > 0) return { after: null, state: 'judge-not-stored', judgeNotStored: unjudged }
  const after = await saveGradedAgain(db, before, {
    identity,
    identityHash: identity.hash,
    ...accuracyOf(items),
    items,
  })
  return { after, state: 'graded', judgeNotStored: 0 }
}

/** Items that keep the threads of the verifier's pool busy. */
const itemsAtOnce = 64

const asksNobody = () => Promise.reject(new TypeError('this grader asks no model'))

function gradedScore({ identity, correct, unverifiable, accuracy, low, high }: ScoreRecord): GradedScore {
  const grader = graderOfScore(identity)
  return {
    verifier: grader?.verifier ?? null,
    judge: grader?.judge ?? null,
    correct,
    unverifiable,
    accuracy,
    low,
    high,
  }
}
