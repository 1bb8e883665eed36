import type { ReplyStore, StoredReply, UnusableReply } from '../../models/reply-store.ts'

/** A reply store in memory that counts how it is used. */
export class MemoryReplies implements ReplyStore {
  readonly byKey = new Map<string, StoredReply>()
  /** Replies that were paid for and cannot be used. */
  readonly unusable: UnusableReply[] = []
  readonly finds: number[] = []
  readonly saves: number[] = []

  async find(keys: readonly string[]): Promise<Map<string, StoredReply>> {
    this.finds.push(keys.length)
    await Promise.resolve()
    return new Map(keys.flatMap((key) => (this.byKey.has(key) ? [[key, this.byKey.get(key)!]] : [])))
  }

  async save(replies: readonly (StoredReply | UnusableReply)[]): Promise<void> {
    this.saves.push(replies.length)
    await Promise.resolve()
    for (const reply of replies) {
      if (reply.finishReason === 'unusable') this.unusable.push({ ...reply, finishReason: 'unusable' })
      else if (!this.byKey.has(reply.key)) this.byKey.set(reply.key, { ...reply, finishReason: reply.finishReason })
    }
  }
}
