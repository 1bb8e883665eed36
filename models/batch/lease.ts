import type { Clock } from '../clock.ts'
import type { BatchChange, BatchRecord, BatchStore } from './batch-store.ts'

/** A batch is held for so long after its holder was last heard of. */
export const holdSeconds = 60
const renewMs = 15_000

/** Another process holds the batch, or has ended it. */
export class HeldElsewhere extends Error {
  constructor() {
    super('another process works on this batch')
    this.name = 'HeldElsewhere'
  }
}

/** This process's right to work on a batch, renewed until it is released. */
export interface Lease {
  record: BatchRecord
  /** Records news. Throws HeldElsewhere when the batch is not held here any more. */
  change(change: BatchChange): Promise<void>
  /** Ends the renewals. The batch stays held until its time is over. */
  stop(): void
  /** Ends the renewals, and frees the batch for other holders at once. */
  release(): Promise<void>
}

/** `onLost` is called when another process has taken the batch. */
export function keepLease(
  { store, record, holder, clock }: { store: BatchStore; record: BatchRecord; holder: string; clock: Clock },
  onLost: (reason: HeldElsewhere) => void,
): Lease {
  let cancel: () => void = () => undefined
  let isOver = false
  const renew = async (): Promise<void> => {
    try {
      const held = await store.hold(record.id, { holder, seconds: holdSeconds })
      if (!held && !isOver) onLost(new HeldElsewhere())
    } catch {
      // The store is away. It is asked again, and each change of the record asks it too.
    }
    if (!isOver) cancel = clock.after(renewMs, () => void renew())
  }
  cancel = clock.after(renewMs, () => void renew())
  const stop = (): void => {
    isOver = true
    cancel()
  }
  return {
    record,
    stop,
    async change(change) {
      if (!(await store.change(record.id, holder, change))) throw new HeldElsewhere()
      Object.assign(record, change)
    },
    async release() {
      stop()
      await store.letGo(record.id, holder)
    },
  }
}
