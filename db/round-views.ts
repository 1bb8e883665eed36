import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { decisions } from '../domain/gate.ts'
import { selectedJob } from './checkpoints.ts'
import type { Database } from './database.ts'
import { roundStatuses } from './schema/campaigns.ts'
import { splitRoles } from './schema/scores.ts'
import { stepStatuses } from './schema/steps.ts'
import { rowsOf } from './sql.ts'

const scoreView = z.object({
  /** Id of the score, e.g. for `pairScores`. */
  id: z.number(),
  checkpoint: z.string(),
  /**
   * Optimizer step, for weights that a training of this round kept before its end; null for all
   * other weights.
   */
  trainStep: z.number().nullable(),
  benchmark: z.string(),
  role: z.enum(splitRoles),
  identityHash: z.string(),
  /** Version of the verifier that graded it; null where the score does not say. */
  verifier: z.string().nullable(),
  n: z.number(),
  correct: z.number(),
  unverifiable: z.number(),
  truncated: z.number(),
  accuracy: z.number(),
  low: z.number(),
  high: z.number(),
})
export type ScoreView = z.infer<typeof scoreView>

const stepView = z.object({
  id: z.number(),
  round: z.number(),
  name: z.string(),
  kind: z.string(),
  status: z.enum(stepStatuses),
  reason: z.string().nullable(),
  /** Kept rows of the step's inputs; null for a step without inputs. */
  rowsIn: z.number().nullable(),
  /** Rows kept, dropped and failed so far; null for a step that writes no dataset. */
  rowsOut: z.number().nullable(),
  dropped: z.number().nullable(),
  failed: z.number().nullable(),
  /** From the step's first start to its end; up to now while the step runs. */
  seconds: z.number(),
  /** Id of the checkpoint that the step published or selected. */
  checkpoint: z.string().nullable(),
  /** The newest score of each benchmark and checkpoint. */
  scores: z.array(scoreView),
  /**
   * Scores of the same replies by earlier graders, newest first. They are compared with no other.
   */
  earlierScores: z.array(scoreView),
})
export type StepView = z.infer<typeof stepView>

const roundHeader = z.object({
  round: z.number(),
  parent: z.number().nullable(),
  status: z.enum(roundStatuses),
  decision: z.enum(decisions).nullable(),
  decisionDetail: z.unknown(),
  reason: z.string().nullable(),
  checkpoint: z.string().nullable(),
  checkpointPath: z.string().nullable(),
  seconds: z.number(),
})

/** A round in its present state, without its steps. */
export type RoundHeader = z.infer<typeof roundHeader>

/** Rounds of a campaign by number, the base model's included. */
export const roundHeaders = (db: Database, campaign: string): Promise<RoundHeader[]> =>
  rowsOf(
    db,
    roundHeader,
    sql`
      select r.number as round, r.parent_number as parent, r.status, r.decision, r.decision_detail as "decisionDetail",
        r.reason, r.checkpoint_id as checkpoint, c.path as "checkpointPath",
        extract(epoch from coalesce(r.closed_at, now()) - r.started_at)::float8 as seconds
      from rounds r left join checkpoints c on c.id = r.checkpoint_id
      where r.campaign_id = ${campaign} order by r.number`,
  )

/**
 * Scores of a step `s`, each with its age among the scores of the same benchmark and checkpoint: 1
 * is the newest.
 */
const scoresOfStep = sql`
  select sc.id, sc.benchmark, row_number() over (partition by sc.benchmark, sc.checkpoint_id order by sc.id desc) as age,
    jsonb_build_object(
      'id', sc.id, 'checkpoint', sc.checkpoint_id, 'benchmark', sc.benchmark, 'role', sc.split_role,
      'trainStep', (
        -- Only of this round: other rounds may have published the same weights.
        -- A training's end counts before the steps that it kept.
        select max(cs.train_step) from checkpoint_steps cs join steps made on made.id = cs.step_id
        where cs.checkpoint_id = sc.checkpoint_id
          and made.campaign_id = s.campaign_id and made.round_number = s.round_number
          and (s.kind <> 'select-checkpoint' or cs.job_id = ${selectedJob})
        having min(cs.train_step) > 0
      ),
      'identityHash', sc.identity_hash, 'verifier', sc.identity ->> 'graderVersion', 'n', sc.n,
      'correct', sc.correct, 'unverifiable', sc.unverifiable, 'truncated', sc.truncated,
      'accuracy', sc.accuracy, 'low', sc.low, 'high', sc.high
    ) as view
  from scores sc where sc.step_id = s.id`

/**
 * Steps of a campaign, or of one of its rounds, in order, with counts, time, checkpoint and scores.
 */
export async function stepViews(db: Database, campaign: string, round?: number): Promise<StepView[]> {
  const ofRound = round === undefined ? sql`` : sql`and s.round_number = ${round}`
  return rowsOf(
    db,
    stepView,
    sql`
      select s.id::float8 as id, s.round_number as round, s.name, s.kind, s.status, s.reason,
        (select sum(d.row_count)::int from step_inputs i join datasets d on d.id = i.dataset_id
          where i.step_id = s.id) as "rowsIn",
        counts.kept as "rowsOut", counts.dropped, counts.failed,
        extract(epoch from coalesce(s.finished_at, now()) - s.started_at)::float8 as seconds,
        coalesce((select l.checkpoint_id from selections l where l.step_id = s.id), (
          select cs.checkpoint_id from checkpoint_steps cs where cs.step_id = s.id and cs.train_step = 0
          order by cs.created_at desc limit 1
        )) as checkpoint,
        coalesce((
          select jsonb_agg(sc.view order by sc.benchmark, sc.id) from (${scoresOfStep}) sc where sc.age = 1
        ), '[]') as scores,
        coalesce((
          select jsonb_agg(sc.view order by sc.benchmark, sc.id desc) from (${scoresOfStep}) sc where sc.age > 1
        ), '[]') as "earlierScores"
      from steps s
      left join lateral (
        select count(*) filter (where r.status = 'kept')::int as kept,
          count(*) filter (where r.status = 'dropped')::int as dropped,
          count(*) filter (where r.status = 'failed')::int as failed
        from datasets d left join rows r on r.dataset_id = d.id
        where d.step_id = s.id group by d.id
      ) counts on true
      where s.campaign_id = ${campaign} ${ofRound}
      order by s.round_number, s.ordinal, s.id`,
  )
}
