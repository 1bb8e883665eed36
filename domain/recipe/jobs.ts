import { z } from 'zod'
import { stepName } from '../ids.ts'
import { jobResources, productOptions } from '../job-resources.ts'
import type { JobResources, ProductOptions } from '../job-resources.ts'

/**
 * Name of a product that trains or serves, e.g. `trl`, `llamafactory`, `vllm`. The products'
 * registries check it.
 */
const productName = stepName

/** A place of the site file. The site file's default where no place is named. */
const place = stepName.optional()

/**
 * How checkpoints are served. A key that is left out takes the campaign's value, then the product's
 * own default.
 */
const serving = {
  /** The product that serves; `hone` is the small server that comes with Hone and needs no GPU. */
  server: productName.optional(),
  place,
  /** Servers that share the work of one endpoint. */
  replicas: z.int().min(1).max(64).optional(),
  /** Resources of each replica. */
  resources: jobResources.optional(),
  /** The product's own keys. */
  options: productOptions.optional(),
}
export const servingWish = z.strictObject(serving)
export type ServingWish = z.infer<typeof servingWish>

/**
 * What a training step may say about its job. A key that is left out takes the campaign's value.
 */
export const trainingWish = {
  trainer: productName.optional(),
  place,
  resources: jobResources.optional(),
  /** The product's own keys, passed through. Keys that Hone sets itself are refused. */
  options: productOptions.optional(),
}

/** Defaults of a campaign's jobs. */
export const jobsSpec = z.strictObject({
  trainer: productName.optional(),
  place,
  resources: jobResources.optional(),
  serve: servingWish.optional(),
})
export type JobsSpec = z.infer<typeof jobsSpec>

export const usualTrainer = 'trl'
export const usualServer = 'hone'

interface WithJobs {
  jobs?: JobsSpec | undefined
}

/**
 * A training step's job with the campaign's defaults filled in. `place` is null where the site file
 * decides.
 */
export function trainingJobOf(
  { jobs = {} }: WithJobs,
  step: {
    trainer?: string | undefined
    place?: string | undefined
    resources?: JobResources | undefined
    options?: ProductOptions | undefined
  },
): { trainer: string; place: string | null; resources: JobResources; options: ProductOptions } {
  return {
    trainer: step.trainer ?? jobs.trainer ?? usualTrainer,
    place: step.place ?? jobs.place ?? null,
    resources: { ...jobs.resources, ...step.resources },
    options: step.options ?? {},
  }
}

/**
 * How a checkpoint is served, with the campaign's defaults filled in. `place` is null where the
 * site file decides.
 */
export function servingOf(
  { jobs = {} }: WithJobs,
  own: ServingWish = {},
): {
  server: string
  place: string | null
  replicas: number
  resources: JobResources
  options: ProductOptions
} {
  const common = jobs.serve ?? {}
  const server = own.server ?? common.server ?? usualServer
  // Options are keys of one product: the options of another product do not apply.
  const sameProduct = own.server === undefined || own.server === (common.server ?? usualServer)
  return {
    server,
    place: own.place ?? common.place ?? jobs.place ?? null,
    replicas: own.replicas ?? common.replicas ?? 1,
    resources: { ...common.resources, ...own.resources },
    options: own.options ?? (sameProduct ? common.options : undefined) ?? {},
  }
}
