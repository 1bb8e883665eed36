import { z } from 'zod'
import { parseJson } from '../../domain/json-text.ts'
import type { ReplyStore, StoredReply } from '../../models/reply-store.ts'
import type { Spent } from '../../domain/budget.ts'
import { openAppendLog } from './append-log.ts'
import { KeyIndex } from './key-index.ts'

/** Replies in a file. */
export interface FileReplies extends ReplyStore {
  /** Whether a reply is known, without a look at what other processes have added. */
  has(key: string): boolean
  /** What this run has paid since its first start, by endpoint. */
  paid: () => readonly Spent[]
  close(): Promise<void>
}

/** The part of a line that finds its reply and adds up what was paid. */
const head = z.object({
  key: z.string().regex(/^[0-9a-f]{64}$/),
  run: z.string(),
  endpoint: z.string(),
  promptTokens: z.number(),
  completionTokens: z.number(),
})

const storedReply = head.omit({ run: true }).extend({
  model: z.string(),
  request: z.record(z.string(), z.unknown()),
  text: z.string(),
  finishReason: z.enum(['stop', 'length', 'refused']),
  latencyMs: z.number(),
  attempts: z.number(),
  // Lines of older versions have neither field.
  servedModel: z.string().nullable().default(null),
  isEstimated: z.boolean().default(false),
})

/**
 * Replies in a log, one on each line: found by content key, written once, never changed. Only their
 * places are in memory. `run` names the run that pays, and `movedBy` is the option that names the
 * file. Several runs may share a file, also at one time. A line that a kill has cut, or that is not
 * a reply, counts as missing.
 */
export async function openFileReplies(path: string, run: string, movedBy?: string): Promise<FileReplies> {
  const index = new KeyIndex()
  const paid = new Map<string, Spent>()
  const book = ({ endpoint, promptTokens, completionTokens }: Omit<z.infer<typeof head>, 'key' | 'run'>) => {
    const before = paid.get(endpoint) ?? { endpoint, model: '', requests: 0, promptTokens: 0, completionTokens: 0 }
    paid.set(endpoint, {
      ...before,
      requests: before.requests + 1,
      promptTokens: before.promptTokens + promptTokens,
      completionTokens: before.completionTokens + completionTokens,
    })
  }
  const log = await openAppendLog(
    path,
    (text, place) => {
      const found = head.safeParse(parseJson(text))
      if (!found.success) return
      if (found.data.run === run) book(found.data)
      // The latest line of a key counts: it was written because an earlier one could not be read.
      index.set(found.data.key, place)
    },
    movedBy,
  )

  const read = async (keys: readonly string[]): Promise<Map<string, StoredReply>> => {
    const known = keys.flatMap((key) => {
      const place = index.get(key)
      return place ? [{ key, place }] : []
    })
    const texts = await log.read(known.map(({ place }) => place))
    return new Map(
      known.flatMap(({ key }, at) => {
        const found = storedReply.safeParse(parseJson(texts[at] ?? ''))
        return found.success && found.data.key === key ? [[key, found.data] as const] : []
      }),
    )
  }

  // A reply that is written survives a kill of the process. It is forced to disk at once, but no
  // later reply waits for that: while the disk is slow, replies that have come would wait
  // unwritten, and a kill would lose them.
  let syncing: Promise<void> | undefined
  const syncSoon = (): void => {
    syncing ??= log
      .sync()
      .catch(() => undefined)
      .finally(() => {
        syncing = undefined
      })
  }

  return {
    has: (key) => index.get(key) !== undefined,
    paid: () => [...paid.values()],
    async find(keys) {
      if (keys.some((key) => !index.get(key))) await log.catchUp()
      return await read(keys)
    },
    async save(replies) {
      const there = await read(replies.map(({ key }) => key))
      const missing = replies.filter(({ key }) => !there.has(key))
      const fresh = [...new Map(missing.map((reply) => [reply.key, reply])).values()]
      const places = await log.append(fresh.map(({ key, ...reply }) => JSON.stringify({ key, run, ...reply })))
      fresh.forEach((reply, at) => {
        const place = places[at]
        if (place) index.set(reply.key, place)
        book(reply)
      })
      syncSoon()
    },
    async close() {
      await syncing
      await log.close()
    },
  }
}
