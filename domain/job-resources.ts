import { z } from 'zod'

/** What a job wants from its machine. A field that is left out takes the default of the place. */
export const jobResources = z.strictObject({
  gpus: z.int().nonnegative().max(64).optional(),
  cpus: z.int().positive().max(1024).optional(),
  memoryGib: z.number().positive().max(65_536).optional(),
  /** Longest time that the job may run: a scheduler ends it then. */
  hours: z.number().positive().max(8760).optional(),
})
export type JobResources = z.infer<typeof jobResources>

/** A product's own keys by name. They are passed through unchanged, and hashed. */
export const productOptions = z.record(z.string().min(1), z.json())
export type ProductOptions = z.infer<typeof productOptions>
