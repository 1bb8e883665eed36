import { and, eq, gt, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import { z } from 'zod'
import { openStates } from '../models/batch/batch-store.ts'
import type { BatchRecord, BatchRequest, BatchStore, KeptReply } from '../models/batch/batch-store.ts'
import { storedRequest } from '../models/batch/stored-request.ts'
import type { Database } from './database.ts'
import { findReplies, saveReplies } from './replies.ts'
import { batches, batchRequests } from './schema/batches.ts'
import { batchesOf, rowsOf, textArray } from './sql.ts'
import { storableJsonText, storableOrNull } from './storable.ts'

const keysAtOnce = 1000

const batchRequest = z.object({
  key: z.string(),
  endpoint: z.string(),
  model: z.string(),
  payer: z.number().nullable(),
  request: storedRequest,
})

const isOpen = inArray(batches.state, [...openStates])
const inSeconds = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`

/**
 * Batches in Postgres. Requests of new batches are booked on `stepId`, the step that pays. Holds
 * use the database's clock, so the workers' own clocks may differ.
 */
export function postgresBatches(db: Database, stepId: number | null): BatchStore {
  return {
    place: db,
    payer: stepId,
    batchOf: (keys) => batchOf(db, keys),
    open: (batch, requests, { holder, seconds }) =>
      db.transaction(async (tx) => {
        await tx
          .insert(batches)
          .values({ ...batch, state: 'writing', total: requests.length, holder, heldUntil: inSeconds(seconds) })
        const claimed = await claim(tx, batch.id, requests)
        const its = eq(batches.id, batch.id)
        if (claimed.size === 0) await tx.delete(batches).where(its)
        else if (claimed.size < requests.length) await tx.update(batches).set({ total: claimed.size }).where(its)
        return claimed
      }),
    async read(id) {
      const [found] = await db.select().from(batches).where(eq(batches.id, id))
      return found ? recordOf(found) : null
    },
    async hold(id, { holder, seconds }) {
      const isFree = or(isNull(batches.heldUntil), lt(batches.heldUntil, sql`now()`), eq(batches.holder, holder))
      const [held] = await db
        .update(batches)
        .set({ holder, heldUntil: inSeconds(seconds) })
        .where(and(eq(batches.id, id), isOpen, isFree))
        .returning()
      return held ? recordOf(held) : null
    },
    async letGo(id, holder) {
      await db
        .update(batches)
        .set({ heldUntil: null })
        .where(and(eq(batches.id, id), eq(batches.holder, holder)))
    },
    async change(id, holder, change) {
      const isHeld = and(eq(batches.holder, holder), gt(batches.heldUntil, sql`now()`))
      const changed = await db
        .update(batches)
        .set(change)
        .where(and(eq(batches.id, id), isOpen, isHeld))
        .returning({ id: batches.id })
      return changed.length > 0
    },
    requests: (id, keys) => requestsOf(db, id, keys),
    keep: (_id, replies) => keep(db, replies),
    findReplies: (keys) => findReplies(db, keys),
    end: (id, { detail, ...end }) =>
      db.transaction(async (tx) => {
        await tx
          .update(batches)
          .set({ ...end, detail: storableOrNull(detail), endedAt: sql`now()`, heldUntil: null })
          .where(and(eq(batches.id, id), isOpen))
        await tx.delete(batchRequests).where(eq(batchRequests.batchId, id))
      }),
  }
}

const recordOf = (row: typeof batches.$inferSelect): BatchRecord => {
  const { id, endpoint, model, server, state, total, inputFileId, providerId, createdAt, askedAt } = row
  return { id, endpoint, model, server, state, total, inputFileId, providerId, createdAt, askedAt }
}

async function batchOf(db: Database, keys: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const some of batchesOf(keys, keysAtOnce)) {
    const rows = await db
      .select({ key: batchRequests.key, id: batchRequests.batchId })
      .from(batchRequests)
      .where(sql`${batchRequests.key} = any(${textArray(some)})`)
    for (const { key, id } of rows) found.set(key, id)
  }
  return found
}

/** Gives the batch the requests that no batch has. Returns their keys. */
async function claim(tx: Database, id: string, requests: readonly BatchRequest[]): Promise<Set<string>> {
  const claimed = new Set<string>()
  // Sorted by key, so that two workers with the same requests cannot block each other for ever.
  const inOrder = requests.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  for (const some of batchesOf(inOrder, keysAtOnce)) {
    const rows = await rowsOf(
      tx,
      z.object({ key: z.string() }),
      sql`
        insert into batch_requests (key, batch_id, step_id, endpoint, model, request)
        select key, ${id}, payer, endpoint, model, request
        from json_to_recordset(${storableJsonText(some)}::json)
          as given(key text, payer bigint, endpoint text, model text, request jsonb)
        on conflict do nothing returning key`,
    )
    for (const { key } of rows) claimed.add(key)
  }
  return claimed
}

async function requestsOf(db: Database, id: string, keys: readonly string[]): Promise<Map<string, BatchRequest>> {
  const found = new Map<string, BatchRequest>()
  for (const some of batchesOf(keys, keysAtOnce)) {
    const rows = await rowsOf(
      db,
      batchRequest,
      sql`select key, endpoint, model, step_id::int as payer, request from batch_requests
        where batch_id = ${id} and key = any(${textArray(some)})`,
    )
    for (const row of rows) found.set(row.key, row)
  }
  return found
}

/** Each reply is booked on the step that its request belongs to. */
async function keep(db: Database, replies: readonly KeptReply[]): Promise<void> {
  const rows = await rowsOf(
    db,
    z.object({ key: z.string(), payer: z.number().nullable() }),
    sql`select key, step_id::int as payer from batch_requests
      where key = any(${textArray(replies.map(({ asked }) => asked))})`,
  )
  const payers = new Map(rows.map(({ key, payer }) => [key, payer]))
  const byPayer = new Map<number | null, KeptReply['reply'][]>()
  for (const { asked, reply } of replies) {
    const payer = payers.get(asked) ?? null
    byPayer.set(payer, [...(byPayer.get(payer) ?? []), reply])
  }
  for (const [payer, some] of byPayer) await saveReplies(db, payer, some)
}
