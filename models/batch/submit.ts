import { HoneError } from '../../domain/errors.ts'
import { Outage } from '../failures.ts'
import { sleep } from '../scope.ts'
import type { BatchApi } from './batch-api.ts'
import type { BatchRecord } from './batch-store.ts'
import { CallFailed } from './call-failed.ts'
import { patiently } from './patience.ts'
import type { Patience } from './patience.ts'
import type { ProviderBatch } from './provider-batch.ts'

export interface Submission extends Patience {
  api: BatchApi
  record: Pick<BatchRecord, 'id' | 'createdAt' | 'askedAt'> & { inputFileId: string }
  window: string
  pollMs: number
  signal: AbortSignal
  /** Records durably that the provider is asked now. Throws when the batch is held elsewhere. */
  noteAsked(at: Date): Promise<void>
}

/**
 * - `batch`: the provider has it.
 * - `refused`: the provider refuses it, and has no batch.
 * - `file gone`: the provider has no such file any more, and no batch of it.
 */
export type Submitted = { batch: ProviderBatch } | { refused: HoneError } | 'file gone'

/**
 * Makes the provider's batch once. An answer may be lost after the provider has made the batch, and
 * so may this process. Then the batch is looked for in the provider's list first. The list of a
 * provider may lag behind, so a batch that is not listed is looked for again, one poll later and at
 * least twice, before another is made.
 */
export async function submit(submission: Submission): Promise<Submitted> {
  const { api, record, window, signal } = submission
  let { askedAt } = record
  let isUncertain = askedAt !== null
  let isFileMissing = false
  let isRefused = false
  try {
    const batch = await patiently(submission, async () => {
      if (isUncertain && askedAt) {
        const found = await findSettled(submission, askedAt)
        if (found) return found
      }
      askedAt = new Date()
      await submission.noteAsked(askedAt)
      isUncertain = true
      try {
        return await api.create({ inputFileId: record.inputFileId, mark: record.id, window }, signal)
      } catch (error) {
        if (!(error instanceof CallFailed) || !error.isCertain) throw error
        isUncertain = false
        isFileMissing = saysNoFile(error)
        // A file that was uploaded a moment ago may not be known everywhere yet.
        if (isFileMissing) throw passing(error)
        isRefused = error.lasting(await submission.asked()) !== undefined
        throw error
      }
    })
    return { batch }
  } catch (error) {
    if (isFileMissing && error instanceof Outage) return 'file gone'
    if (isRefused && error instanceof HoneError) return { refused: error }
    throw error
  }
}

/** The batch of an earlier call, once the provider's list has had time to show it. */
async function findSettled(
  { api, record, clock, scope, pollMs, signal }: Submission,
  askedAt: Date,
): Promise<ProviderBatch | null> {
  for (let looks = 1; ; looks++) {
    const found = await api.find({ inputFileId: record.inputFileId, mark: record.id, since: record.createdAt }, signal)
    if (found) return found
    if (looks >= 2 && Date.now() - askedAt.getTime() >= 2 * pollMs) return null
    await sleep(clock, pollMs, scope)
  }
}

const saysNoFile = ({ status, message }: CallFailed): boolean =>
  (status === 400 || status === 404) &&
  /(cannot|can't|could not|couldn't) find file|no such file|file.{0,80}not (found|exist)/i.test(message)

const passing = ({ status, message }: CallFailed): CallFailed =>
  new CallFailed(
    { kind: 'failed', reason: 'no-file', retryAfterMs: undefined, detail: message, paid: undefined },
    status,
  )
