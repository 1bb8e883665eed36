/**
 * The endpoint or the store is away, which is not the fault of one row. The runner of rows ends the
 * shard, and the shard is tried again later. Finished rows stay finished.
 */
export class Outage extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Outage'
  }
}
