import { z } from 'zod'

/** How the mock behaves. Shares are of 1. */
export const mockConfig = z.strictObject({
  latencyMs: z.number().min(0).default(200),
  /** Requests that are worked on at one time. */
  cap: z.int().positive().default(64),
  /** What happens to more: they wait, or get 429 with Retry-After. */
  overload: z.enum(['queue', 'reject']).default('queue'),
  retryAfterSeconds: z.int().min(0).default(1),
  seed: z.int().default(1),
  /** A share of requests, chosen by content, takes `factor` times as long. */
  stragglers: z.strictObject({ share: z.number(), factor: z.number() }).default({ share: 0, factor: 1 }),
  errors: z
    .strictObject({
      overloaded: z.number().default(0),
      failed: z.number().default(0),
      /** Never answered. */
      silent: z.number().default(0),
      /** Status 200 with a body that is no completion. */
      garbage: z.number().default(0),
      /** Every so many pictures one that ends badly whenever it comes; 0: none. */
      stuckEvery: z.int().min(0).default(0),
    })
    .prefault({}),
  /** Every so many pictures one that gets 400 and 404 by turns. */
  permanent: z.strictObject({ every: z.int().positive() }).optional(),
})
export type MockConfig = z.input<typeof mockConfig>

export const answers = ['ok', '429', '400', '404', '500', 'silent', 'garbage'] as const
export type Answer = (typeof answers)[number]

export const mockStats = z.object({
  requests: z.number(),
  ok: z.number(),
  rejected: z.number(),
  /** 400 and 404. */
  refused: z.number(),
  /** 500 and garbage. */
  failed: z.number(),
  silent: z.number(),
  /** Requests without a picture of the bench: some clients send one to learn the server's limits. */
  strays: z.number(),
  inFlight: z.number(),
  peak: z.number(),
  bytes: z.number(),
  /** First request seen and last reply sent, of those with pictures. Milliseconds since 1970, 0 for none. */
  firstAt: z.number(),
  lastAt: z.number(),
  /** Latency of all requests that were taken on, each once. */
  workMs: z.number(),
  /** First request since the last mark, 0 for none. */
  markedFirstAt: z.number(),
  bucketMs: z.number(),
  /** Good replies by piece of `bucketMs` since `firstAt`. */
  buckets: z.array(z.number()),
  /** Different bodies. */
  keys: z.number(),
  /** Requests that were taken on although one with the same body had been. */
  paidAgain: z.number(),
  /** The same, of those that got a good reply both times. */
  okAgain: z.number(),
  cpuMs: z.number(),
})
export type MockStats = z.infer<typeof mockStats>

export const mockRows = z.array(z.object({ number: z.number(), answers: z.array(z.enum(answers)) }))
export type MockRows = z.infer<typeof mockRows>
