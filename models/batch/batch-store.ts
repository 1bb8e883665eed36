import type { AskRequest } from '../ask.ts'
import type { StoredReply, UnusableReply } from '../reply-store.ts'

/** States of a batch whose requests wait for their replies. */
export const openStates = ['writing', 'uploaded', 'submitted'] as const
/** How a batch ended. */
export const endStates = ['collected', 'failed', 'dissolved'] as const

/**
 * - `writing`: its requests belong to it, and the provider has no batch.
 * - `uploaded`: the provider has the file of its requests, and perhaps a batch.
 * - `submitted`: the provider works on it.
 * - `collected`: its replies are stored. Requests that failed are free for another batch.
 * - `failed`: the provider refused it as a whole.
 * - `dissolved`: it was given up before it was submitted.
 */
export type BatchStateName = (typeof openStates)[number] | (typeof endStates)[number]

/** A batch that is to be opened. */
export interface NewBatch {
  /** A UUID of this side. The provider keeps it in the batch's metadata. */
  id: string
  /** Name of the endpoint in the recipe. */
  endpoint: string
  model: string
  /** URL of the server that gets it. */
  server: string
}

/** A batch as it is recorded. */
export interface BatchRecord extends NewBatch {
  state: BatchStateName
  total: number
  /** The provider's names of the uploaded file and of the batch. */
  inputFileId: string | null
  providerId: string | null
  createdAt: Date
  /** When the provider was last asked to make the batch. */
  askedAt: Date | null
}

/** News of a batch that is open. */
export type BatchChange = Partial<Pick<BatchRecord, 'state' | 'inputFileId' | 'providerId' | 'askedAt'>>

/** A request of a batch: enough to store its reply, also when nobody waits for it any more. */
export interface BatchRequest extends Pick<StoredReply, 'key' | 'endpoint' | 'model'> {
  request: Pick<AskRequest, 'messages' | 'sampling' | 'sampleIndex'>
  /** Who pays, in the words of the store: the id of a step, or null. */
  payer: number | null
}

/** A reply, and the content key of the request that it answers. */
export interface KeptReply {
  asked: string
  reply: StoredReply | UnusableReply
}

/**
 * Keeps batches durably, beside the replies. A request belongs to one open batch at most, so that
 * two processes cannot submit it twice. Each method resolves when its change is durable.
 */
export interface BatchStore {
  /** An object that all stores over one place share. */
  readonly place: object
  /** Who pays for the requests of this store's user. */
  readonly payer: number | null
  /** The open batch of each of these content keys that has an open batch. */
  batchOf(keys: readonly string[]): Promise<Map<string, string>>
  /**
   * Records a batch with the requests that belong to no open batch, held by `holder`. Returns their
   * keys. Records nothing when there is no such request.
   */
  open(batch: NewBatch, requests: readonly BatchRequest[], hold: Hold): Promise<Set<string>>
  read(id: string): Promise<BatchRecord | null>
  /**
   * Makes `holder` the only process that works on the batch, for some seconds from now. Null when
   * another process holds it, or when it is not open.
   */
  hold(id: string, hold: Hold): Promise<BatchRecord | null>
  /** The batch is free for another holder at once. */
  letGo(id: string, holder: string): Promise<void>
  /** False when another process holds the batch, or when it is not open. */
  change(id: string, holder: string, change: BatchChange): Promise<boolean>
  /** Requests of an open batch by content key. */
  requests(id: string, keys: readonly string[]): Promise<Map<string, BatchRequest>>
  /** Stores replies to requests of an open batch. A reply that is there stays as it is. */
  keep(id: string, replies: readonly KeptReply[]): Promise<void>
  /** Replies that are stored, by content key. */
  findReplies(keys: readonly string[]): Promise<Map<string, StoredReply>>
  /** Ends an open batch. Its requests are free for another batch. */
  end(id: string, end: BatchEnd): Promise<void>
}

/** Who holds a batch, and for how long. */
export interface Hold {
  holder: string
  seconds: number
}

export interface BatchEnd {
  state: (typeof endStates)[number]
  /** Requests that have a reply, and requests that have no reply. */
  done: number
  failed: number
  /** What the provider said; null where it said nothing. */
  detail: string | null
}
