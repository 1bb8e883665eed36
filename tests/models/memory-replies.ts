import type { ReplyStore, StoredReply } from '../../models/reply-store.ts'

/** A reply store in memory that counts how it is used. */
export class MemoryReplies implements ReplyStore {
  readonly byKey = new Map<string, StoredReply>()
  readonly finds: number[] = []
  readonly saves: number[] = []

  async find(keys: readonly string[]): Promise<Map<string, StoredReply>> {
    this.finds.push(keys.length)
    await Promise.resolve()
    return new Map(keys.flatMap((key) => (this.byKey.has(key) ? [[key, this.byKey.get(key)!]] : [])))
  }

  async save(replies: readonly StoredReply[]): Promise<void> {
    this.saves.push(replies.length)
    await Promise.resolve()
    for (const reply of replies) if (!this.byKey.has(reply.key)) this.byKey.set(reply.key, reply)
  }
}
