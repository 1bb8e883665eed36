/**
 * Not the fault of one row: the endpoint or the store is away. Whoever runs rows lets it end the shard, and the shard is
 * tried again later; what is finished stays finished.
 */
export class Outage extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Outage'
  }
}
