import { z } from 'zod'
import { stepName } from '../ids.ts'
import { prices } from '../prices.ts'
import { servingWish } from './jobs.ts'

/**
 * Pixel limit of a picture where a recipe states no limit: 1,280 tokens of 28 × 28 pixels in
 * Qwen2.5-VL.
 */
export const usualMaxPixels = 1_003_520

const urlFrom = (start: RegExp) =>
  z
    .string()
    .regex(start, { error: 'use an http(s) URL that ends in /v1, e.g. http://localhost:8000/v1', abort: true })
    .regex(/^(?!https?:\/\/[^/?#\\]*@)/, {
      error: 'its URL holds a user name or a password: put the key into an environment variable, and name that',
      abort: true,
    })
    // An empty query is refused too: the path of a call would become part of it.
    .regex(/^[^?#]*$/, {
      error: 'its URL holds a ? or a #: give it up to /v1; a key goes into an environment variable, and name that',
      abort: true,
    })
    .refine((text) => URL.canParse(text), 'this is no URL')

/**
 * Where a model is served, up to `/v1`. URLs appear in recipes, messages and logs, so they must not
 * hold a secret: no user name, no password, no query. Messages never repeat the URL.
 */
export const serverUrl = urlFrom(/^https?:\/\/[^/?#\\\s]\S*$/)

const oneUrl = urlFrom(/^(https?:\/\/[^/?#\\\s]|demo:)\S*$/)

const bare = (url: string): string => url.replace(/\/+$/, '')

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
const urlEndpoint = z.strictObject({
  /** Where the model is served, up to `/v1`; a list where several servers share the work. */
  url: z.union([
    oneUrl,
    z
      .array(oneUrl)
      .min(1)
      .max(64)
      .refine(
        (urls) => new Set(urls.map(bare)).size === urls.length,
        'one server stands there twice: name every server once',
      ),
  ]),
  /** Name of the model as the server knows it. */
  model: z.string().min(1),
  /** Environment variable that holds the key, here and where the worker runs. */
  apiKeyEnv: z
    .string()
    .regex(/^[A-Z_][A-Z0-9_]*$/, 'name the environment variable that holds the key, never the key itself')
    .optional(),
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
})

const checkpointEndpoint = z.strictObject({
  /** `base`, `parent`, or a step of this round that has weights. */
  checkpoint: z.union([z.literal('parent'), z.literal('base'), stepName]),
  /** Calls at one time. Hone makes fewer where the server answers 429 or 503. */
  concurrency: z.int().min(1).max(4096).default(128),
  /** One call ends after so long without its whole reply, and is tried again. */
  timeoutSeconds: z.number().positive().max(3600).default(300),
  /** The product that serves it, and where. */
  serve: servingWish.optional(),
  ...sharedOptions,
})

export const endpointSpec = z.union([urlEndpoint, checkpointEndpoint])
export type EndpointSpec = z.infer<typeof endpointSpec>

/** An endpoint with a URL, or several. */
export type UrlEndpoint = z.infer<typeof urlEndpoint>

/** The servers of an endpoint as the recipe names them, each once. */
export const urlsOf = ({ url }: Pick<UrlEndpoint, 'url'>): readonly string[] => (typeof url === 'string' ? [url] : url)
