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

const isOpen = (state: BatchStateName): boolean => openStates.some((open) => open === state)

interface Known {
  record: BatchRecord
  places: Map<string, Place>
}

/** The batches that the lines of a log tell of. */
class Batches {
  readonly #open = new Map<string, Known>()
  readonly #ended = new Map<string, BatchRecord>()
  /** Requests whose batch has no line yet. */
  readonly #early = new Map<string, Map<string, Place>>()
  /** The open batch of each key. */
  readonly #owner = new Map<string, string>()

  /** Takes the line of a request or of a batch in. Other lines are passed over. */
  line(text: string, place: Place): void {
    const value = parseJson(text)
    const batch = record.safeParse(value)
    if (batch.success) return this.note(batch.data.batch)
    const request = head.safeParse(value)
    if (request.success) this.request(request.data.of, request.data.key, place)
  }

  request(batch: string, key: string, place: Place): void {
    const places = this.#early.get(batch) ?? new Map<string, Place>()
    this.#early.set(batch, places.set(key, place))
  }

  /** The latest state of a batch. */
  note(next: BatchRecord): void {
    const { id } = next
    const places = this.#open.get(id)?.places ?? this.#early.get(id) ?? new Map<string, Place>()
    this.#early.delete(id)
    if (isOpen(next.state)) {
      if (!this.#open.has(id)) for (const key of places.keys()) this.#owner.set(key, id)
      this.#open.set(id, { record: next, places })
      return
    }
    for (const key of places.keys()) if (this.#owner.get(key) === id) this.#owner.delete(key)
    this.#open.delete(id)
    this.#ended.set(id, next)
  }

  openOf = (key: string): string | undefined => this.#owner.get(key)
  open = (id: string): Known | undefined => this.#open.get(id)
  find = (id: string): BatchRecord | undefined => this.#open.get(id)?.record ?? this.#ended.get(id)

  get hasOpen(): boolean {
    return this.#open.size > 0
  }
}

/**
 * Batches in a log: a line for each request, and then a line for the batch. The latest line of a
 * batch counts. Requests whose batch has no line belong to no batch: a kill came between them. The
 * lock of the run's state keeps other processes away, so every batch is free to hold. A log without
 * an open batch is deleted when it is closed.
 */
export async function openFileBatches(path: string, replies: FileReplies): Promise<FileBatches> {
  const known = new Batches()
  const log = await openAppendLog(path, (text, place) => known.line(text, place))
  const write = async (next: BatchRecord): Promise<void> => {
    await log.append([JSON.stringify({ batch: next })])
    await log.sync()
    known.note(next)
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
            const id = known.openOf(key)
            return id === undefined ? [] : [[key, id] as const]
          }),
        ),
      ),
    async open(batch, requests) {
      const free = requests.filter(({ key }) => known.openOf(key) === undefined)
      if (free.length === 0) return new Set()
      const places = await log.append(free.map(({ payer: _payer, ...one }) => JSON.stringify({ of: batch.id, ...one })))
      for (const [at, { key }] of free.entries()) if (places[at]) known.request(batch.id, key, places[at])
      const none = { inputFileId: null, providerId: null, askedAt: null }
      await write({ ...batch, ...none, state: 'writing', total: free.length, createdAt: new Date() })
      return new Set(free.map(({ key }) => key))
    },
    read: (id) => Promise.resolve(known.find(id) ?? null),
    hold: (id) => Promise.resolve(known.open(id)?.record ?? null),
    letGo: () => Promise.resolve(),
    async change(id, _holder, change) {
      const before = known.open(id)?.record
      if (!before) return false
      await write({ ...before, ...change })
      return true
    },
    async requests(id, keys) {
      const places = known.open(id)?.places
      const found = await read(keys.flatMap((key) => places?.get(key) ?? []))
      return new Map(found.map((one) => [one.key, one]))
    },
    keep: (_id, kept) => replies.save(kept.map(({ reply }) => reply)),
    findReplies: (keys) => replies.find(keys),
    async end(id, { state }) {
      const before = known.open(id)?.record
      if (before) await write({ ...before, state })
    },
    async close() {
      await log.close()
      if (!known.hasOpen) await rm(path, { force: true })
    },
  }
}
