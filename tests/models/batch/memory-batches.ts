import type { BatchRecord, BatchRequest, BatchStore, Hold } from '../../../models/batch/batch-store.ts'
import { openStates } from '../../../models/batch/batch-store.ts'
import type { MemoryReplies } from '../memory-replies.ts'

interface Kept {
  record: BatchRecord
  requests: Map<string, BatchRequest>
  hold: { holder: string; until: number } | null
}

/** Batches in memory beside replies in memory. Its state outlives engines, as a database does. */
export class MemoryBatches implements BatchStore {
  readonly place: object
  readonly payer = null
  readonly kept = new Map<string, Kept>()
  readonly replies: MemoryReplies
  /** Called before each change; a rejection is the end of the process at that point. */
  before: (change: string) => Promise<void> = () => Promise.resolve()

  /** Another `place` over the same records is another process. */
  constructor(replies: MemoryReplies, shared?: MemoryBatches, place: object = replies) {
    this.replies = replies
    this.place = place
    if (shared) this.kept = shared.kept
  }

  /** Batches by state. */
  get states(): string[] {
    return [...this.kept.values()].map(({ record }) => record.state)
  }

  batchOf(keys: readonly string[]): Promise<Map<string, string>> {
    return Promise.resolve(this.#openOf(keys))
  }

  #openOf(keys: readonly string[]): Map<string, string> {
    const found = new Map<string, string>()
    for (const { record, requests } of this.kept.values())
      for (const key of keys) if (requests.has(key)) found.set(key, record.id)
    return found
  }

  async open(batch: Parameters<BatchStore['open']>[0], requests: readonly BatchRequest[], hold: Hold) {
    await this.before('open')
    // No await between the look and the change, as in a transaction.
    const taken = this.#openOf(requests.map(({ key }) => key))
    const free = requests.filter(({ key }) => !taken.has(key))
    const none = { inputFileId: null, providerId: null, askedAt: null }
    if (free.length > 0)
      this.kept.set(batch.id, {
        record: { ...batch, ...none, state: 'writing', total: free.length, createdAt: new Date() },
        requests: new Map(free.map((request) => [request.key, request])),
        hold: { holder: hold.holder, until: Date.now() + hold.seconds * 1000 },
      })
    return new Set(free.map(({ key }) => key))
  }

  read(id: string): Promise<BatchRecord | null> {
    const record = this.kept.get(id)?.record
    return Promise.resolve(record ? { ...record } : null)
  }

  hold(id: string, { holder, seconds }: Hold): Promise<BatchRecord | null> {
    const kept = this.kept.get(id)
    if (!kept || !openStates.some((state) => state === kept.record.state)) return Promise.resolve(null)
    if (kept.hold && kept.hold.holder !== holder && kept.hold.until > Date.now()) return Promise.resolve(null)
    kept.hold = { holder, until: Date.now() + seconds * 1000 }
    return Promise.resolve({ ...kept.record })
  }

  letGo(id: string, holder: string): Promise<void> {
    const kept = this.kept.get(id)
    if (kept?.hold?.holder === holder) kept.hold = null
    return Promise.resolve()
  }

  /** All holds are over, as they are some time after their processes died. */
  expireHolds(): void {
    for (const kept of this.kept.values()) kept.hold = null
  }

  async change(id: string, holder: string, change: Parameters<BatchStore['change']>[2]): Promise<boolean> {
    await this.before(`change ${change.state ?? 'asked'}`)
    const kept = this.kept.get(id)
    if (kept?.hold?.holder !== holder) return false
    Object.assign(kept.record, change)
    return true
  }

  requests(id: string, keys: readonly string[]): Promise<Map<string, BatchRequest>> {
    const all = this.kept.get(id)?.requests
    return Promise.resolve(new Map(keys.flatMap((key) => (all?.has(key) ? [[key, all.get(key)!] as const] : []))))
  }

  async keep(_id: string, replies: Parameters<BatchStore['keep']>[1]): Promise<void> {
    await this.before('keep')
    await this.replies.save(replies.map(({ reply }) => reply))
  }

  findReplies(keys: readonly string[]) {
    return this.replies.find(keys)
  }

  async end(id: string, { state }: Parameters<BatchStore['end']>[1]): Promise<void> {
    await this.before('end')
    const kept = this.kept.get(id)
    if (!kept) return
    kept.record.state = state
    kept.requests.clear()
    kept.hold = null
  }
}
