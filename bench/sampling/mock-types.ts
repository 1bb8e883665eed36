import { z } from 'zod'

/** How the mock behaves. Shares are fractions of 1. */
export const mockConfig = z.strictObject({
  latencyMs: z.number().min(0).default(200),
  /** Requests that the mock works on at the same time. */
  cap: z.int().positive().default(64),
  /** What happens to further requests: they wait, or get 429 with Retry-After. */
  overload: z.enum(['queue', 'reject']).default('queue'),
  retryAfterSeconds: z.int().min(0).default(1),
  seed: z.int().default(1),
  /** This share of requests, chosen by content, takes `factor` times as long. */
  stragglers: z.strictObject({ share: z.number(), factor: z.number() }).default({ share: 0, factor: 1 }),
  errors: z
    .strictObject({
      overloaded: z.number().default(0),
      failed: z.number().default(0),
      /** Share of requests without an answer. */
      silent: z.number().default(0),
      /** Share of requests that get status 200 with a body that is no completion. */
      garbage: z.number().default(0),
      /** Every n-th picture fails at every attempt. 0: no picture. */
      stuckEvery: z.int().min(0).default(0),
    })
    .prefault({}),
  /** Every n-th picture gets 400 or 404, in turns. */
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
  /**
   * Requests without a picture of the bench: some clients send a request to learn the server's
   * limits.
   */
  strays: z.number(),
  inFlight: z.number(),
  peak: z.number(),
  bytes: z.number(),
  /**
   * Time of the first request and of the last reply with a picture. Milliseconds since 1970, 0
   * without such a request.
   */
  firstAt: z.number(),
  lastAt: z.number(),
  /** Latency of all accepted requests, each counted once. */
  workMs: z.number(),
  /** Time of the first request since the last mark, 0 without a request. */
  markedFirstAt: z.number(),
  bucketMs: z.number(),
  /** Good replies in each interval of `bucketMs` since `firstAt`. */
  buckets: z.array(z.number()),
  /** Different bodies. */
  keys: z.number(),
  /** Accepted requests with the same body as an earlier accepted request. */
  paidAgain: z.number(),
  /** The same, only for requests that got a good reply both times. */
  okAgain: z.number(),
  cpuMs: z.number(),
})
export type MockStats = z.infer<typeof mockStats>

export const mockRows = z.array(z.object({ number: z.number(), answers: z.array(z.enum(answers)) }))
export type MockRows = z.infer<typeof mockRows>
