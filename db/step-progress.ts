import { eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { selectedJob } from './checkpoints.ts'
import type { Database } from './database.ts'
import { datasets } from './schema/datasets.ts'
import { rowsOf } from './sql.ts'

const stepProgress = z.object({
  round: z.number(),
  step: z.string(),
  kind: z.string(),
  /** What the step waits for; null while its servers work. */
  notice: z.string().nullable(),
  /** Seconds since the step first started. */
  seconds: z.number(),
  /** Input rows that have outputs. For an evaluation or a selection: items that were answered. */
  done: z.number(),
  /**
   * Input rows. For an evaluation: items of its benchmarks. For a selection: items of its
   * benchmark, for each candidate.
   */
  total: z.number(),
  /** The step's newest job; null when it has no job. */
  job: z
    .object({
      id: z.string(),
      kind: z.string(),
      state: z.string().nullable(),
      attempt: z.number().nullable(),
      /**
       * The trainer's own step and the newest value of each metric, by canonical name where there
       * is one.
       */
      step: z.number().nullable(),
      metrics: z.record(z.string(), z.number()),
    })
    .nullable(),
})

/** Progress of a running step. */
export type StepProgress = z.infer<typeof stepProgress>

/**
 * Progress of the running steps of a campaign, in order. An evaluation's answers are the replies
 * that it paid for, because graded items are stored only at its end. Replies that other steps paid
 * for, and replies of its judge, are not counted.
 */
export async function runningSteps(db: Database, campaign: string): Promise<StepProgress[]> {
  return rowsOf(
    db,
    stepProgress,
    sql`
      select s.round_number as round, s.name as step, s.kind, s.reason as notice,
        extract(epoch from now() - s.started_at)::float8 as seconds,
        case when s.kind in ('evaluate', 'select-checkpoint')
          then (select count(*)::int from requests q where q.step_id = s.id and q.endpoint <> 'judge'
            and q.finish_reason <> 'unusable')
          else (select count(distinct r.parent_row_id)::int from datasets d join rows r on r.dataset_id = d.id
            where d.step_id = s.id and r.parent_row_id is not null)
        end as done,
        case
          when s.kind = 'select-checkpoint' then coalesce((
            select d.row_count from campaign_sources cs join datasets d on d.id = cs.dataset_id
            where cs.campaign_id = s.campaign_id and cs.role = 'benchmark' and cs.name = s.spec->>'benchmark'
          ), 0) * (select count(distinct cs.checkpoint_id)::int from checkpoint_steps cs where cs.job_id = ${selectedJob})
          when s.kind = 'evaluate'
          then (select coalesce(sum(d.row_count), 0)::int from campaign_sources cs join datasets d on d.id = cs.dataset_id
            where cs.campaign_id = s.campaign_id and cs.role = 'benchmark'
              and coalesce(s.spec->'benchmarks' @> to_jsonb(cs.name), true))
          else (select coalesce(sum(d.row_count), 0)::int from step_inputs i join datasets d on d.id = i.dataset_id
            where i.step_id = s.id)
        end as total,
        (select jsonb_build_object('id', j.id, 'kind', j.kind, 'state', a.state, 'attempt', a.attempt,
            'step', (select max(m.step) from metrics m where m.job_id = j.id and m.attempt = a.attempt),
            'metrics', coalesce((
              select jsonb_object_agg(last.name, last.value) from (
                select distinct on (1) coalesce(m.canonical, m.name) as name, m.value from metrics m
                where m.job_id = j.id order by 1, m.attempt desc, m.segment desc, m.step desc
              ) last), '{}'))
          from jobs j
          left join lateral (select * from attempts t where t.job_id = j.id order by t.attempt desc limit 1) a on true
          where j.step_id = s.id order by j.created_at desc, j.id desc limit 1) as job
      from steps s
      where s.campaign_id = ${campaign} and s.status = 'running'
      order by s.round_number, s.ordinal`,
  )
}

/**
 * Id of the dataset that a step writes; null before the dataset is opened, and for a step that
 * writes no dataset.
 */
export async function datasetOfStep(db: Database, stepId: number): Promise<string | null> {
  const [found] = await db.select({ id: datasets.id }).from(datasets).where(eq(datasets.stepId, stepId))
  return found?.id ?? null
}
