import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import { rowSchema } from '../domain/rows.ts'
import type { Database } from './database.ts'
import { rowColumns } from './rows.ts'
import { rowStatuses } from './schema/rows.ts'
import { rowsOf } from './sql.ts'

/** A reply that a row was made from, with its request. */
const lineageReply = z.object({
  key: z.string(),
  endpoint: z.string(),
  model: z.string(),
  request: z.record(z.string(), z.unknown()),
  text: z.string(),
  finishReason: z.string(),
  promptTokens: z.number(),
  completionTokens: z.number(),
})

const lineageImage = z.object({
  hash: z.string(),
  width: z.number(),
  height: z.number(),
  bytes: z.number(),
  mediaType: z.string(),
})
export type LineageImage = z.infer<typeof lineageImage>

const lineageRow = rowSchema.extend({
  datasetId: z.string(),
  status: z.enum(rowStatuses),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  /** Id in the source's file; null for other rows than the source row. */
  sourceId: z.string().nullable(),
  sourcePath: z.string().nullable(),
  /** The step that wrote the row; null for a source row. */
  step: z.object({ campaign: z.string(), round: z.number(), name: z.string(), kind: z.string() }).nullable(),
  replies: z.array(lineageReply),
  /** Ids of the datasets that the step weighed as a whole, e.g. to grade the row. */
  evidence: z.array(z.string()),
  /** Pictures of the source row; empty for other rows. */
  pictures: z.array(lineageImage),
})

/** A row of the chain that leads back to the source. */
export type LineageRow = z.infer<typeof lineageRow>

/** Where a row comes from. */
export interface RowLineage {
  /** The row, the row it was made from, and so on; the source row is the last. */
  chain: LineageRow[]
  /** The pictures of the source row. */
  images: LineageImage[]
}

/**
 * Where a row comes from, in one query: every row, verdict and reply before it, down to the source
 * and its pictures. Throws InvalidInput when there is no such row.
 */
export async function rowLineage(db: Database, rowId: string): Promise<RowLineage> {
  const found = await rowsOf(
    db,
    lineageRow,
    sql`
      with recursive chain as (
        select rows.id, rows.parent_row_id, 0 as depth from rows where rows.id = ${rowId}
        union all
        select p.id, p.parent_row_id, c.depth + 1 from chain c join rows p on p.id = c.parent_row_id
      )
      select ${rowColumns}, r.dataset_id as "datasetId", r.status, r.reason, r.detail, r.source_id as "sourceId",
        d.source_path as "sourcePath",
        case when s.id is not null then jsonb_build_object(
          'campaign', s.campaign_id, 'round', s.round_number, 'name', s.name, 'kind', s.kind
        ) end as step,
        coalesce((
          select jsonb_agg(jsonb_build_object(
            'key', q.key, 'endpoint', q.endpoint, 'model', q.model, 'request', q.request, 'text', q.reply,
            'finishReason', q.finish_reason, 'promptTokens', q.prompt_tokens, 'completionTokens', q.completion_tokens
          ) order by rr.ordinal)
          from row_requests rr join requests q on q.key = rr.request_key where rr.row_id = r.id
        ), '[]') as replies,
        array(
          select e.dataset_id from step_evidence e where e.step_id = s.id order by e.dataset_id
        ) as evidence,
        coalesce((
          select jsonb_agg(jsonb_build_object(
            'hash', i.hash, 'width', i.width, 'height', i.height, 'bytes', i.bytes, 'mediaType', i.media_type
          ) order by ri.ordinal)
          from row_images ri join images i on i.hash = ri.image_hash where ri.row_id = r.id
        ), '[]') as pictures
      from chain c
      join rows r on r.id = c.id
      join datasets d on d.id = r.dataset_id
      left join steps s on s.id = d.step_id
      left join verdicts v on v.row_id = r.id
      order by c.depth`,
  )
  if (found.length === 0)
    throw new HoneError({
      type: 'InvalidInput',
      message: `there is no row "${rowId}"`,
      nextStep: 'see rows and their ids with: hone show CAMPAIGN ROUND --step NAME',
    })
  return { chain: found, images: found.at(-1)?.pictures ?? [] }
}
