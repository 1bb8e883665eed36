import { sleep } from '../scope.ts'
import type { Collected } from './collect.ts'
import { patiently } from './patience.ts'
import type { Patience } from './patience.ts'
import type { ProviderBatch } from './provider-batch.ts'

/** How a submitted batch is waited for. */
export interface Waiting extends Patience {
  pollMs: number
}

const endings = new Set(['completed', 'failed', 'expired', 'cancelled'])

/** Whether the provider works on the batch no more. */
export const isOver = ({ status }: ProviderBatch): boolean => endings.has(status)

// Some providers name the files of a batch, or fill them, a moment after its end.
const looksForFiles = 3

/** Looks at a batch until it is over and has its files. `onSeen` is called after each look. */
export async function untilOver(
  look: () => Promise<ProviderBatch>,
  waiting: Waiting,
  onSeen: (batch: ProviderBatch) => void,
): Promise<ProviderBatch> {
  for (let looks = 0; ;) {
    const batch = await patiently(waiting, look)
    onSeen(batch)
    if (isOver(batch)) {
      const hasFiles = batch.outputFileId !== null || batch.errorFileId !== null
      const needsFiles = batch.status === 'completed' || batch.done + batch.failed > 0
      if (batch.status === 'failed' || hasFiles || !needsFiles || ++looks >= looksForFiles) return batch
    }
    await sleep(waiting.clock, waiting.pollMs, waiting.scope)
  }
}

/** Reads the files, and again when they have fewer lines than the provider counted. */
export async function wholeFiles(
  batch: ProviderBatch,
  waiting: Waiting,
  read: (files: readonly string[]) => Promise<Collected>,
): Promise<Collected> {
  const files = [batch.outputFileId, batch.errorFileId].filter((file) => file !== null)
  for (let looks = 1; ; looks++) {
    const collected = await patiently(waiting, () => read(files))
    const lines = collected.replied.size + collected.unanswered.size
    if (batch.status !== 'completed' || lines >= batch.done || looks >= looksForFiles) return collected
    await sleep(waiting.clock, waiting.pollMs, waiting.scope)
  }
}
