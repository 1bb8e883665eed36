import { z } from 'zod'

/** The job of a client: a JSON file whose path is the client's only argument. */
export const job = z.strictObject({
  /** Ends in /v1. */
  baseUrl: z.string(),
  model: z.string(),
  /** Requests in flight. */
  concurrency: z.number(),
  timeoutSeconds: z.number(),
  /** JSONL: {id, text, path} a row; `path` is a JPEG file. */
  rows: z.string(),
  /** The client's own folder for everything that it keeps between runs. */
  work: z.string(),
  /** File for the client's report. */
  report: z.string(),
  hone: z
    .strictObject({
      databaseUrl: z.string(),
      store: z.string(),
      stepId: z.number(),
      inputDatasetId: z.string(),
      outputDatasetId: z.string(),
      spec: z.looseObject({ step: z.string() }),
    })
    .optional(),
})
export type Job = z.infer<typeof job>

/** The client's report at its end. */
export const report = z.object({
  kept: z.number(),
  /** Rows without a reply, by reason. Clients without reasons write `no-reply`. */
  lost: z.record(z.string(), z.number()).default({}),
  /** Start of the client's own work, after imports and connections, in milliseconds since 1970. */
  readyAt: z.number().optional(),
  /** CPU of the client's own work. */
  cpuMs: z.number().optional(),
})
export type Report = z.infer<typeof report>
