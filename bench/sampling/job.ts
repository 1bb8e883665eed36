import { z } from 'zod'

/** What a client is told, as a JSON file whose path is its only argument. */
export const job = z.strictObject({
  /** Ends in /v1. */
  baseUrl: z.string(),
  model: z.string(),
  /** Requests in flight. */
  concurrency: z.number(),
  timeoutSeconds: z.number(),
  /** JSONL: {id, text, path} a row; `path` is a JPEG file. */
  rows: z.string(),
  /** Folder of its own, for what it keeps between runs. */
  work: z.string(),
  /** File for its report. */
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

/** What a client says at its end. */
export const report = z.object({
  kept: z.number(),
  /** Rows without a reply by reason; clients that give none say `no-reply`. */
  lost: z.record(z.string(), z.number()).default({}),
  /** When its own work began, milliseconds since 1970: imports and connections were done. */
  readyAt: z.number().optional(),
  /** CPU of that work alone. */
  cpuMs: z.number().optional(),
})
export type Report = z.infer<typeof report>
