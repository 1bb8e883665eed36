import type { Payload, PayloadCodec } from '@temporalio/common'

/** Only ids, hashes, counts, URIs and small metric vectors travel through Temporal. */
export const payloadLimitBytes = 16 * 1024

/**
 * The only place that checks the size of payloads; it does not change them. A payload over the
 * limit is a bug of Hone. Failing here is cheaper than a history that a server terminates for its
 * size.
 */
export class PayloadLimitCodec implements PayloadCodec {
  encode(payloads: Payload[]): Promise<Payload[]> {
    for (const payload of payloads) {
      const bytes = payload.data?.byteLength ?? 0
      if (bytes > payloadLimitBytes)
        return Promise.reject(
          new RangeError(
            `a payload of ${bytes} bytes was about to travel; the limit is ${payloadLimitBytes}. Store it and send its id.`,
          ),
        )
    }
    return Promise.resolve(payloads)
  }

  decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.resolve(payloads)
  }
}

/** Data converter of every client and worker. */
export const dataConverter = { payloadCodecs: [new PayloadLimitCodec()] }
