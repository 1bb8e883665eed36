/**
 * The endpoint or the store is away, which is not the fault of one row. The runner of rows ends the
 * shard, and the shard is tried again later. Finished rows stay finished.
 */
export class Outage extends Error {
  /** When the server takes calls again, if it said so. */
  readonly retryAt: Date | undefined

  constructor(message: string, { cause, retryAt }: { cause?: unknown; retryAt?: Date | undefined } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Outage'
    this.retryAt = retryAt
  }
}
