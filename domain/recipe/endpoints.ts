import { z } from 'zod'
import { stepName } from '../ids.ts'
import { prices } from '../prices.ts'
import { batchOptions, bodyOption, callOptions } from './call-options.ts'
import { servingWish } from './jobs.ts'
import { providerNames } from './provider-names.ts'
import { presetOf } from './providers.ts'
import { bareUrl, recipeUrl } from './server-url.ts'

/**
 * Pixel limit of a picture where a recipe states no limit: 1,280 tokens of 28 × 28 pixels in
 * Qwen2.5-VL.
 */
export const usualMaxPixels = 1_003_520

/**
 * Sends a second copy of a call that takes unusually long (Dean and Barroso, The Tail at Scale,
 * 2013).
 */
const hedge = z.strictObject({
  /** A call that is slower than this percentage of the recent calls gets a second copy. */
  percentile: z.number().min(50).max(99.9).default(95),
  /** No copy is sent before this many seconds, however fast the recent calls were. */
  minSeconds: z.number().positive().max(3600).optional(),
})

/**
 * Options of every endpoint about how its server is asked. An absent option has no limit, or is
 * off.
 */
const sharedOptions = {
  /** Pictures above this area are shrunk before they are sent. Part of a request's identity. */
  imageMaxPixels: z.int().positive().default(usualMaxPixels),
  /**
   * Sides of pictures that are shrunk become multiples of this number, as the model's processor
   * would make them: 28 for Qwen2-VL and Qwen2.5-VL (where absent), 32 for Qwen3-VL, 14 for models
   * that merge no patches. Part of a request's identity.
   */
  imagePatch: z.int().min(1).max(128).optional(),
  /**
   * One request, with all its calls and the waits between them, ends after this many seconds. The
   * wait for its first turn does not count.
   */
  deadlineSeconds: z.number().positive().max(86_400).optional(),
  /** Second copies of slow calls, for at most one call in twenty. Off where absent. */
  hedge: hedge.optional(),
}

/**
 * A place that serves a model: an OpenAI-compatible URL, or a checkpoint that Hone serves itself.
 */
const urlFields = z.strictObject({
  /** A ready-made preset: URL, usual variable of the key, and what the provider refuses. */
  provider: z.enum(providerNames).optional(),
  /**
   * Where the model is served, up to `/v1`; a list where several servers share the work. May be
   * left out where the provider's preset has one.
   */
  url: z
    .union([
      recipeUrl,
      z
        .array(recipeUrl)
        .min(1)
        .max(64)
        .refine(
          (urls) => new Set(urls.map(bareUrl)).size === urls.length,
          'one server is in the list twice: name every server once',
        ),
    ])
    .optional(),
  /** Name of the model as the server knows it. */
  model: z.string().min(1),
  ...callOptions,
  /** Calls at one time to each server. Hone makes fewer where the server answers 429 or 503. */
  concurrency: z.int().min(1).max(4096).default(16),
  /** One call ends after so long without its whole reply, and is tried again. */
  timeoutSeconds: z.number().positive().max(3600).default(120),
  ...sharedOptions,
  /** Requests a minute of the endpoint, all its servers together. */
  requestsPerMinute: z.number().positive().max(10_000_000).optional(),
  /** Prompt and completion tokens a minute of the endpoint, all its servers together. */
  tokensPerMinute: z.number().positive().max(1e12).optional(),
  /** What tokens cost: for plans, budgets and progress. */
  prices: prices.optional(),
  /** `batch` sends requests through the provider's batch API, usually at half the price. */
  mode: z.enum(['live', 'batch']).optional(),
  /** Limits of the batches, for `mode: batch`. */
  batch: batchOptions.optional(),
})

type Fields = z.infer<typeof urlFields>

/** What one option asks of another one. */
function checkTogether(spec: Fields, context: z.core.$RefinementCtx<Fields>): void {
  const { provider, url, model, apiVersion, body = {}, omit = [], mode, batch } = spec
  const issue = (path: PropertyKey[], message: string, input?: unknown) =>
    context.addIssue({ code: 'custom', path, message, input })
  if (url === undefined && presetOf(provider).url === undefined)
    issue(
      ['url'],
      provider === undefined
        ? `is missing: add the URL of the server of "${model}", or a provider that has one, e.g. provider: openai`
        : `${provider} has no URL of its own: add the URL of your resource, e.g. https://NAME.openai.azure.com`,
    )
  const keys = (['apiKeyEnv', 'apiKeyFile', 'apiKeyCommand'] as const).filter((name) => spec[name] !== undefined)
  if (keys.length > 1)
    issue(
      [keys[1] ?? ''],
      `the key comes from two places, ${keys.join(' and ')}: keep one of them`,
      spec[keys[1] ?? 'apiKeyEnv'],
    )
  if (apiVersion !== undefined && provider !== 'azure')
    issue(['apiVersion'], 'only Azure has API versions: add provider: azure, or use query', apiVersion)
  for (const name of omit)
    if (Object.hasOwn(body, name)) issue(['omit'], `"${name}" is in body too: take it out of one of them`, omit)
  if (batch !== undefined && mode !== 'batch')
    issue(['batch'], 'these are the limits of batches, and the endpoint sends none: add mode: batch', batch)
  if (mode === 'batch' && provider !== undefined && presetOf(provider).batch === undefined)
    issue(['mode'], `${provider} has no batch API in OpenAI's form: leave mode out`, mode)
}

/** The schema of an endpoint with a URL. */
export const urlEndpoint = urlFields.superRefine(checkTogether)

const checkpointEndpoint = z.strictObject({
  /** `base`, `parent`, or a step of this round that has weights. */
  checkpoint: z.union([z.literal('parent'), z.literal('base'), stepName]),
  /** Calls at one time. Hone makes fewer where the server answers 429 or 503. */
  concurrency: z.int().min(1).max(4096).default(128),
  /** One call ends after so long without its whole reply, and is tried again. */
  timeoutSeconds: z.number().positive().max(3600).default(300),
  /** The product that serves it, and where. */
  serve: servingWish.optional(),
  /** Fields for the product's own sampling, e.g. `top_k`. Part of a request's identity. */
  body: bodyOption.optional(),
  ...sharedOptions,
})

export const endpointSpec = z.union([urlEndpoint, checkpointEndpoint])
export type EndpointSpec = z.infer<typeof endpointSpec>

/** An endpoint at a URL, or at several. */
export type UrlEndpoint = z.infer<typeof urlEndpoint>

/** Whether an endpoint has a URL, of its own or of its provider. Otherwise Hone serves it. */
export const isUrlEndpoint = (spec: EndpointSpec): spec is UrlEndpoint => !('checkpoint' in spec)

/** The servers of an endpoint, each once: as the recipe names them, else the provider's. */
export function urlsOf({ url, provider }: Pick<UrlEndpoint, 'url' | 'provider'>): readonly string[] {
  return [url ?? presetOf(provider).url ?? []].flat()
}
