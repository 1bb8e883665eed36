import { rm } from 'node:fs/promises'
import { z } from 'zod'
import { parseJson } from '../../domain/json-text.ts'
import { endStates, openStates } from '../../models/batch/batch-store.ts'
import type { BatchRecord, BatchRequest, BatchStateName, BatchStore } from '../../models/batch/batch-store.ts'
import { storedRequest } from '../../models/batch/stored-request.ts'
import { openAppendLog } from './append-log.ts'
import type { FileReplies } from './file-replies.ts'
import type { Place } from './read-places.ts'

/** Batches in a file. */
export interface FileBatches extends BatchStore {
  close(): Promise<void>
}

const moment = z.iso.datetime().transform((text) => new Date(text))
const record = z.object({
  batch: z.object({
    id: z.string(),
    endpoint: z.string(),
    model: z.string(),
    server: z.string(),
    state: z.enum([...openStates, ...endStates]),
    total: z.number(),
    inputFileId: z.string().nullable(),
    providerId: z.string().nullable(),
    createdAt: moment,
    askedAt: moment.nullable(),
  }),
})
const head = z.object({ of: z.string(), key: z.string().regex(/^[0-9a-f]{64}$/) })
const request = head.extend({ endpoint: z.string(), model: z.string(), request: storedRequest })

interface Known {
  record: BatchRecord
  places: Map<string, Place>
}

const isOpen = (state: BatchStateName): boolean => openStates.some((open) => open === state)

/**
 * Batches in a log: a line for each request, and then a line for the batch. The latest line of a
 * batch counts. Requests whose batch has no line belong to no batch: a kill came between them. The
 * lock of the run's state keeps other processes away, so every batch is free to hold. A log without
 * an open batch is deleted when it is closed.
 */
export async function openFileBatches(path: string, replies: FileReplies): Promise<FileBatches> {
  const known = new Map<string, Known>()
  /** Batches that have ended. */
  const ended = new Map<string, BatchRecord>()
  /** Requests whose batch has no line yet. */
  const early = new Map<string, Map<string, Place>>()
  /** The open batch of each key. */
  const owner = new Map<string, string>()
  const note = (next: BatchRecord): void => {
    const places = known.get(next.id)?.places ?? early.get(next.id) ?? new Map<string, Place>()
    early.delete(next.id)
    if (isOpen(next.state)) {
      if (!known.has(next.id)) for (const key of places.keys()) owner.set(key, next.id)
      known.set(next.id, { record: next, places })
      return
    }
    for (const key of places.keys()) if (owner.get(key) === next.id) owner.delete(key)
    known.delete(next.id)
    ended.set(next.id, next)
  }
  const log = await openAppendLog(path, (text, place) => {
    const value = parseJson(text)
    const batch = record.safeParse(value)
    if (batch.success) return note(batch.data.batch)
    const line = head.safeParse(value)
    if (!line.success) return
    const places = early.get(line.data.of) ?? new Map<string, Place>()
    early.set(line.data.of, places.set(line.data.key, place))
  })
  const write = async (next: BatchRecord): Promise<void> => {
    await log.append([JSON.stringify({ batch: next })])
    await log.sync()
    note(next)
  }
  const read = async (places: readonly Place[]): Promise<BatchRequest[]> =>
    (await log.read(places)).flatMap((text) => {
      const line = request.safeParse(parseJson(text))
      if (!line.success) return []
      const { of: _of, ...rest } = line.data
      return [{ ...rest, payer: null }]
    })

  return {
    place: replies,
    payer: null,
    batchOf: (keys) =>
      Promise.resolve(
        new Map(
          keys.flatMap((key) => {
            const id = owner.get(key)
            return id === undefined ? [] : [[key, id] as const]
          }),
        ),
      ),
    async open(batch, requests) {
      const free = requests.filter(({ key }) => !owner.has(key))
      if (free.length === 0) return new Set()
      const places = await log.append(free.map(({ payer: _payer, ...one }) => JSON.stringify({ of: batch.id, ...one })))
      early.set(batch.id, new Map(free.flatMap(({ key }, at) => (places[at] ? [[key, places[at]] as const] : []))))
      const none = { inputFileId: null, providerId: null, askedAt: null }
      await write({ ...batch, ...none, state: 'writing', total: free.length, createdAt: new Date() })
      return new Set(free.map(({ key }) => key))
    },
    read: (id) => Promise.resolve(known.get(id)?.record ?? ended.get(id) ?? null),
    hold: (id) => Promise.resolve(known.get(id)?.record ?? null),
    letGo: () => Promise.resolve(),
    async change(id, _holder, change) {
      const before = known.get(id)?.record
      if (!before) return false
      await write({ ...before, ...change })
      return true
    },
    async requests(id, keys) {
      const places = known.get(id)?.places
      const found = await read(keys.flatMap((key) => places?.get(key) ?? []))
      return new Map(found.map((one) => [one.key, one]))
    },
    keep: (_id, kept) => replies.save(kept.map(({ reply }) => reply)),
    findReplies: (keys) => replies.find(keys),
    async end(id, { state }) {
      const before = known.get(id)?.record
      if (before) await write({ ...before, state })
    },
    async close() {
      await log.close()
      if (known.size === 0) await rm(path, { force: true })
    },
  }
}
