import { and, asc, desc, eq, ne, sql } from 'drizzle-orm'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import type { ScoreItem } from '../domain/score.ts'
import type { Database } from './database.ts'
import { scores } from './schema/scores.ts'
import type { SplitRole } from './schema/scores.ts'
import { steps } from './schema/steps.ts'
import { batchesOf, only, rowsOf } from './sql.ts'
import { storableJsonText } from './storable.ts'

/** A score as it is stored. */
export type ScoreRecord = typeof scores.$inferSelect

/**
 * A benchmark result. Counts are those of `items`; accuracy and the 95 % interval are fractions.
 */
export interface ScoreInput {
  campaign: string
  round: number
  stepId: number
  checkpointId: string
  benchmark: string
  role: SplitRole
  /**
   * Everything that must be equal in two scores before they are compared. `identityHash` is its
   * hash.
   */
  identity: unknown
  identityHash: string
  accuracy: number
  low: number
  high: number
  items: readonly ScoreItem[]
}

/** Keeps a score with its items in one transaction. Saving the same score again changes nothing. */
export async function saveScore(db: Database, input: ScoreInput): Promise<ScoreRecord> {
  return db.transaction(async (tx) => {
    const count = (holds: (item: ScoreItem) => boolean): number => input.items.filter(holds).length
    const [created] = await tx
      .insert(scores)
      .values({
        campaignId: input.campaign,
        roundNumber: input.round,
        stepId: input.stepId,
        checkpointId: input.checkpointId,
        benchmark: input.benchmark,
        splitRole: input.role,
        identity: input.identity,
        identityHash: input.identityHash,
        n: input.items.length,
        correct: count((item) => item.correct),
        unverifiable: count((item) => item.verdict === 'unverifiable'),
        truncated: count((item) => item.truncated),
        accuracy: input.accuracy,
        low: input.low,
        high: input.high,
      })
      .onConflictDoNothing()
      .returning()
    if (!created) return only(await scoreOf(tx, input))
    await saveItems(tx, created.id, input.items)
    return created
  })
}

/**
 * One parameter for the statement: an insert with a parameter for each value took several times the
 * work on this side.
 */
async function saveItems(tx: Database, scoreId: number, given: readonly ScoreItem[]): Promise<void> {
  for (const batch of batchesOf(given, 5000))
    await tx.execute(sql`
      insert into score_items (score_id, item_id, correct, verdict, reason, extracted, request_key, truncated)
      select ${scoreId}::bigint, "itemId", correct, verdict, reason, extracted, "requestKey", truncated
      from json_to_recordset(${storableJsonText(batch)}::json) as given("itemId" text, correct boolean, verdict text,
        reason text, extracted text, "requestKey" text, truncated boolean)`)
}

/**
 * Keeps what a grader says of the stored replies of an earlier score, beside that score. Saving it
 * again changes nothing.
 */
export const saveGradedAgain = (
  db: Database,
  earlier: ScoreRecord,
  given: Pick<ScoreInput, 'identity' | 'identityHash' | 'accuracy' | 'low' | 'high' | 'items'>,
): Promise<ScoreRecord> =>
  saveScore(db, {
    campaign: earlier.campaignId,
    round: earlier.roundNumber,
    stepId: earlier.stepId,
    checkpointId: earlier.checkpointId,
    benchmark: earlier.benchmark,
    role: earlier.splitRole,
    ...given,
  })

/** The key of a score: it is measured once. */
type ScoreKey = Pick<ScoreInput, 'stepId' | 'benchmark' | 'identityHash' | 'checkpointId'>

const scoreOf = (db: Database, { stepId, benchmark, identityHash, checkpointId }: ScoreKey): Promise<ScoreRecord[]> =>
  db
    .select()
    .from(scores)
    .where(
      and(
        eq(scores.stepId, stepId),
        eq(scores.benchmark, benchmark),
        eq(scores.identityHash, identityHash),
        eq(scores.checkpointId, checkpointId),
      ),
    )

/**
 * The score of a step's checkpoint on a benchmark under one identity; null when it is not measured
 * yet.
 */
export async function findScore(db: Database, which: ScoreKey): Promise<ScoreRecord | null> {
  return (await scoreOf(db, which))[0] ?? null
}

/**
 * Excludes the scores of a selection: they measure candidates, not the round, and the best of many
 * scores is too high by chance.
 */
const measuresRound = ne(steps.kind, 'select-checkpoint')

/**
 * Every score of a campaign's rounds, by round, then in order of steps. Scores of candidates are
 * left out.
 */
export async function listScores(db: Database, campaign: string): Promise<ScoreRecord[]> {
  const found = await db
    .select({ score: scores })
    .from(scores)
    .innerJoin(steps, eq(steps.id, scores.stepId))
    .where(and(eq(scores.campaignId, campaign), measuresRound))
    .orderBy(asc(scores.roundNumber), asc(steps.ordinal), asc(scores.benchmark), asc(scores.id))
  return found.map(({ score }) => score)
}

/**
 * Scores of one step on one benchmark, one for each checkpoint and identity, in the order of ids.
 */
export const scoresOfStep = (db: Database, stepId: number, benchmark: string): Promise<ScoreRecord[]> =>
  db
    .select()
    .from(scores)
    .where(and(eq(scores.stepId, stepId), eq(scores.benchmark, benchmark)))
    .orderBy(asc(scores.id))

/**
 * The scores of a round's end on a benchmark, newest first: those of its last evaluation. There are
 * several where an evaluation was graded again by another version of the verifier.
 */
export async function scoresOfEnd(
  db: Database,
  campaign: string,
  round: number,
  benchmark: string,
): Promise<ScoreRecord[]> {
  const found = await db
    .select({ score: scores })
    .from(scores)
    .innerJoin(steps, eq(steps.id, scores.stepId))
    .where(
      and(
        eq(scores.campaignId, campaign),
        eq(scores.roundNumber, round),
        eq(scores.benchmark, benchmark),
        measuresRound,
      ),
    )
    .orderBy(desc(steps.ordinal), desc(scores.id))
  const last = found[0]?.score.stepId
  return found.map(({ score }) => score).filter(({ stepId }) => stepId === last)
}

const pairedItems = z.object({
  /** Items that both scores have. */
  n: z.number(),
  both: z.number(),
  aOnly: z.number(),
  bOnly: z.number(),
  neither: z.number(),
})
export type PairedItems = z.infer<typeof pairedItems>

/**
 * Compares two scores item by item, for a McNemar test. Throws ScoresNotComparable when their
 * identities differ.
 */
export async function pairScores(db: Database, a: number, b: number): Promise<PairedItems> {
  const found = await db
    .select()
    .from(scores)
    .where(sql`${scores.id} in (${a}, ${b})`)
  const [first, second] = [found.find((score) => score.id === a), found.find((score) => score.id === b)]
  if (!first || !second || first.benchmark !== second.benchmark || first.identityHash !== second.identityHash)
    throw new HoneError({
      type: 'ScoresNotComparable',
      message: `scores ${a} and ${b} were not measured in the same way`,
      nextStep: 'evaluate both checkpoints on the same benchmark with the same settings',
    })
  return only(
    await rowsOf(
      db,
      pairedItems,
      sql`
        select count(*)::int as n,
          count(*) filter (where x.correct and y.correct)::int as both,
          count(*) filter (where x.correct and not y.correct)::int as "aOnly",
          count(*) filter (where y.correct and not x.correct)::int as "bOnly",
          count(*) filter (where not x.correct and not y.correct)::int as neither
        from score_items x join score_items y on y.item_id = x.item_id and y.score_id = ${b}
        where x.score_id = ${a}`,
    ),
  )
}
