import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { ReplyStore, StoredReply, UnusableReply } from '../models/reply-store.ts'
import type { Database } from './database.ts'
import { batchesOf, rowsOf, textArray } from './sql.ts'
import { storableJsonText } from './storable.ts'

const storedReply = z.object({
  key: z.string(),
  endpoint: z.string(),
  model: z.string(),
  request: z.record(z.string(), z.unknown()),
  text: z.string(),
  finishReason: z.enum(['stop', 'length', 'refused']),
  promptTokens: z.number(),
  completionTokens: z.number(),
  latencyMs: z.number(),
  attempts: z.number(),
  servedModel: z.string().nullable(),
  isEstimated: z.boolean(),
})

/**
 * Replies in Postgres. New replies are booked on `stepId`, the step that paid (null outside of
 * steps).
 */
export function postgresReplies(db: Database, stepId: number | null): ReplyStore {
  return {
    place: db,
    find: (keys) => findReplies(db, keys),
    save: (replies) => saveReplies(db, stepId, replies),
  }
}

/**
 * Finished replies by content key, whichever step paid for them. Keys without a reply are left out.
 */
export async function findReplies(db: Database, keys: readonly string[]): Promise<Map<string, StoredReply>> {
  const found = new Map<string, StoredReply>()
  for (const batch of batchesOf(keys, 1000)) {
    const replies = await rowsOf(
      db,
      storedReply,
      sql`
        select key, endpoint, model, request, reply as text, finish_reason as "finishReason",
          prompt_tokens as "promptTokens", completion_tokens as "completionTokens", latency_ms as "latencyMs", attempts,
          served_model as "servedModel", is_estimated as "isEstimated"
        from requests where key = any(${textArray(batch)})`,
    )
    for (const reply of replies) found.set(reply.key, reply)
  }
  return found
}

/**
 * Keeps replies. A reply whose key exists stays as it is. Resolves when the replies are durable.
 */
export async function saveReplies(
  db: Database,
  stepId: number | null,
  replies: readonly (StoredReply | UnusableReply)[],
): Promise<void> {
  // Sorted by key, so that two workers with the same replies cannot block each other for ever.
  const inOrder = [...new Map(replies.map((reply) => [reply.key, reply])).values()].sort((a, b) =>
    a.key < b.key ? -1 : 1,
  )
  for (const batch of batchesOf(inOrder, 1000)) {
    const given = batch.map((reply) => ({ ...reply, latencyMs: Math.round(reply.latencyMs) }))
    // One parameter for all replies: a parameter for each value took several times the work on this
    // side.
    await db.execute(sql`
      insert into requests (key, step_id, endpoint, model, request, reply, finish_reason, prompt_tokens,
        completion_tokens, latency_ms, attempts, served_model, is_estimated)
      select key, ${stepId}::bigint, endpoint, model, request, text, "finishReason", "promptTokens", "completionTokens",
        "latencyMs", attempts, "servedModel", coalesce("isEstimated", false)
      from json_to_recordset(${storableJsonText(given)}::json) as given(key text, endpoint text, model text,
        request jsonb, text text, "finishReason" text, "promptTokens" int, "completionTokens" int, "latencyMs" int,
        attempts int, "servedModel" text, "isEstimated" boolean)
      on conflict do nothing`)
  }
}

/** Whose calls to count. */
export interface RequestScope {
  campaign: string
  round?: number
  stepId?: number
}

const requestTotals = z.object({
  /** Replies that steps of this scope paid for. */
  paid: z.number(),
  /** Uses in this scope of replies that another step paid for. */
  reused: z.number(),
  /** Rows that failed. */
  failed: z.number(),
  /** Tokens of the paid replies. */
  promptTokens: z.number(),
  completionTokens: z.number(),
})
export type RequestTotals = z.infer<typeof requestTotals>

/**
 * What the model calls of a campaign, a round or a step add up to. A reply counts as reused once
 * for each step that uses it.
 */
export async function requestCounts(db: Database, scope: RequestScope): Promise<RequestTotals> {
  const ofRound = scope.round === undefined ? sql`` : sql`and s.round_number = ${scope.round}`
  const ofStep = scope.stepId === undefined ? sql`` : sql`and s.id = ${scope.stepId}`
  const [totals] = await rowsOf(
    db,
    requestTotals,
    sql`
      with scope as (select s.id from steps s where s.campaign_id = ${scope.campaign} ${ofRound} ${ofStep}),
      uses as (
        select d.step_id, rr.request_key
        from scope join datasets d on d.step_id = scope.id join rows r on r.dataset_id = d.id
        join row_requests rr on rr.row_id = r.id
        join requests q on q.key = rr.request_key and q.step_id is distinct from d.step_id
        union
        select sc.step_id, si.request_key
        from scope join scores sc on sc.step_id = scope.id join score_items si on si.score_id = sc.id
        join requests q on q.key = si.request_key and q.step_id is distinct from sc.step_id
      )
      select paid.*, reused.*, failed.* from
        (select count(*)::int as paid, coalesce(sum(prompt_tokens), 0)::float8 as "promptTokens",
          coalesce(sum(completion_tokens), 0)::float8 as "completionTokens"
          from requests where step_id in (select id from scope)) paid,
        (select count(*)::int as reused from uses) reused,
        (select count(*)::int as failed from scope join datasets d on d.step_id = scope.id
          join rows r on r.dataset_id = d.id and r.status = 'failed') failed`,
  )
  return totals ?? { paid: 0, reused: 0, failed: 0, promptTokens: 0, completionTokens: 0 }
}
