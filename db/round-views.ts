import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { decisions } from '../domain/gate.ts'
import { getCampaign } from './campaigns.ts'
import { selectedJob } from './checkpoints.ts'
import type { Database } from './database.ts'
import { listJobs, type JobSummary } from './jobs.ts'
import { requestCounts, type RequestTotals } from './replies.ts'
import { campaignSpending, type CampaignSpending } from './spending.ts'
import { roundStatuses, type CampaignStatus } from './schema/campaigns.ts'
import { splitRoles } from './schema/scores.ts'
import { stepStatuses } from './schema/steps.ts'
import { rowsOf } from './sql.ts'

const scoreView = z.object({
  /** Id of the score, e.g. for `pairScores`. */
  id: z.number(),
  checkpoint: z.string(),
  /** Optimizer step of weights that a training of this round kept before its end; null for all others. */
  trainStep: z.number().nullable(),
  benchmark: z.string(),
  role: z.enum(splitRoles),
  identityHash: z.string(),
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
  /** Kept rows of its inputs; null for a step without inputs. */
  rowsIn: z.number().nullable(),
  /** Rows it kept so far, dropped and failed; null for a step that writes no dataset. */
  rowsOut: z.number().nullable(),
  dropped: z.number().nullable(),
  failed: z.number().nullable(),
  /** From its first start to its end, up to now while it runs. */
  seconds: z.number(),
  /** Id of the checkpoint that it published. */
  checkpoint: z.string().nullable(),
  scores: z.array(scoreView),
})
export type StepView = z.infer<typeof stepView>

const roundRow = z.object({
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

/** A round with its steps in order. */
export type RoundView = z.infer<typeof roundRow> & { steps: StepView[] }

/** A campaign on one page. */
export interface CampaignOverview {
  campaign: string
  status: CampaignStatus
  statusReason: string | null
  head: number | null
  /** Round 0: the base model's checkpoint and scores; null before it is recorded. */
  base: (RoundView & { scores: ScoreView[] }) | null
  /** Rounds 1, 2, … */
  rounds: RoundView[]
  jobs: JobSummary[]
  requests: RequestTotals
  spending: CampaignSpending
}

/** All that the tables of a campaign show. Throws UnknownCampaign. */
export async function campaignOverview(db: Database, campaign: string): Promise<CampaignOverview> {
  const { status, statusReason, headRound } = await getCampaign(db, campaign)
  const [roundRows, steps, jobs, requests, spending] = await Promise.all([
    roundViews(db, campaign),
    stepViews(db, campaign),
    listJobs(db, campaign),
    requestCounts(db, { campaign }),
    campaignSpending(db, campaign),
  ])
  const all = roundRows.map((round) => ({ ...round, steps: steps.filter((step) => step.round === round.round) }))
  const base = all.find((round) => round.round === 0)
  return {
    campaign,
    status,
    statusReason,
    head: headRound,
    base: base ? { ...base, scores: base.steps.flatMap((step) => step.scores) } : null,
    rounds: all.filter((round) => round.round > 0),
    jobs,
    requests,
    spending,
  }
}

const roundViews = (db: Database, campaign: string) =>
  rowsOf(
    db,
    roundRow,
    sql`
      select r.number as round, r.parent_number as parent, r.status, r.decision, r.decision_detail as "decisionDetail",
        r.reason, r.checkpoint_id as checkpoint, c.path as "checkpointPath",
        extract(epoch from coalesce(r.closed_at, now()) - r.started_at)::float8 as seconds
      from rounds r left join checkpoints c on c.id = r.checkpoint_id
      where r.campaign_id = ${campaign} order by r.number`,
  )

/** Steps of a campaign, or of one of its rounds, in order, with counts, seconds, checkpoint and scores. */
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
          select jsonb_agg(jsonb_build_object(
            'id', sc.id, 'checkpoint', sc.checkpoint_id, 'benchmark', sc.benchmark, 'role', sc.split_role,
            'trainStep', (
              -- Of this round alone: others may have published the same weights. A training's end counts before its steps.
              select max(cs.train_step) from checkpoint_steps cs join steps made on made.id = cs.step_id
              where cs.checkpoint_id = sc.checkpoint_id
                and made.campaign_id = s.campaign_id and made.round_number = s.round_number
                and (s.kind <> 'select-checkpoint' or cs.job_id = ${selectedJob})
              having min(cs.train_step) > 0
            ),
            'identityHash', sc.identity_hash, 'n', sc.n, 'correct', sc.correct, 'unverifiable', sc.unverifiable,
            'truncated', sc.truncated, 'accuracy', sc.accuracy, 'low', sc.low, 'high', sc.high
          ) order by sc.benchmark, sc.id)
          from scores sc where sc.step_id = s.id
        ), '[]') as scores
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
