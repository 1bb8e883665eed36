import type { OmittableField, PictureFormat } from '../domain/recipe/call-options.ts'

/** Pictures as a provider takes them. An absent limit is no limit. */
export interface PictureLimits {
  /** Larger pictures are shrunk to this area before they are sent. */
  maxPixels: number
  /** Sides of pictures that are shrunk are multiples of this; 28 where absent. */
  patch?: number | undefined
  /** Bytes of the encoded picture, before base64. */
  maxBytes?: number | undefined
  /** Other formats are converted to the first one. */
  formats?: readonly PictureFormat[] | undefined
  /** Pictures with a shorter side are enlarged, in pixels. */
  minSide?: number | undefined
}

/** How requests of an endpoint are written and sent. Every field is off where it is absent. */
export interface CallOptions {
  /** `azure` builds the URLs of deployments. All else about a provider is in the other fields. */
  provider?: string | undefined
  /** Version of Azure's API. */
  apiVersion?: string | undefined
  /** More headers. A value `$NAME` is read from the environment variable NAME at each call. */
  headers?: Readonly<Record<string, string>> | undefined
  /** More parameters of the URL's query; `$NAME` as in headers. */
  query?: Readonly<Record<string, string>> | undefined
  /** Fields that are added to a request's body, or replace its fields. Part of content keys. */
  body?: Readonly<Record<string, unknown>> | undefined
  /** Fields that are left out of a request's body. Part of content keys. */
  omit?: readonly OmittableField[] | undefined
  /** Name of the field that limits a reply's tokens; `max_tokens` where absent. */
  maxTokensField?: 'max_tokens' | 'max_completion_tokens' | undefined
  /** `auto` streams where the provider or a server's refusal demands it; `never` where absent. */
  stream?: 'auto' | 'always' | 'never' | undefined
  /**
   * Longest silence between two chunks of a stream, in seconds; the whole deadline where absent.
   */
  idleSeconds?: number | undefined
  /** URL of a proxy. The usual variables (HTTPS_PROXY, NO_PROXY, …) count where it is absent. */
  proxy?: string | undefined
  /** PEM file of certificate authorities that are trusted beside the system's. */
  caFile?: string | undefined
  /** File that holds the key; read again when it changes. */
  apiKeyFile?: string | undefined
  /** Command that prints the key, for tokens that live for a short time. */
  apiKeyCommand?: string | undefined
}

/** An endpoint of a recipe with all values filled in. */
export interface ResolvedEndpoint extends CallOptions {
  /** Name in the recipe. */
  name: string
  /** URLs of the servers that share its work, without duplicates. Each ends in `/v1`. */
  baseUrls: readonly string[]
  /** Model name as the servers know it. */
  model: string
  /** Part of content keys: the model name behind a URL, the content hash of a served checkpoint. */
  identity: string
  /** Environment variable that holds the key; read at each call, kept nowhere. */
  apiKeyEnv?: string | undefined
  /** Calls at one time, of each server. */
  concurrency: number
  /** Deadline of one HTTP call. */
  timeoutSeconds: number
  /**
   * Deadline of one request with all its calls and waits, counted from its first slot; no deadline
   * where absent.
   */
  deadlineSeconds?: number | undefined
  /** Larger pictures are shrunk to this area before they are sent. */
  imageMaxPixels: number
  /** Sides of pictures that are shrunk are multiples of this; 28 where absent. */
  imagePatch?: number | undefined
  /** Of all servers together. */
  requestsPerMinute?: number | undefined
  tokensPerMinute?: number | undefined
  /**
   * Sends a second copy of a call that is slower than this percentile of the recent calls. No
   * copies when absent.
   */
  hedge?: { percentile: number; minSeconds?: number | undefined } | undefined
  /** An outage is waited for so long, in seconds; the engine's own limit where absent. */
  outageSeconds?: number | undefined
  /** Bytes, formats and smallest side of pictures; part of content keys. */
  imageMaxBytes?: number | undefined
  imageFormats?: PictureLimits['formats']
  imageMinSide?: number | undefined
  /** `batch` sends requests through the provider's batch API; one by one where absent. */
  mode?: 'live' | 'batch' | undefined
  /** Limits of the batches; present in `batch` mode. */
  batch?: BatchLimits | undefined
}

/** How requests are cut into batches, and how a batch is waited for. */
export interface BatchLimits {
  /** How long the provider may take, in its own words: `24h`. */
  window: string
  /** Requests of one batch. */
  maxRequests: number
  /** Bytes of the file of one batch. */
  maxBytes: number
  /** Seconds between two looks at a batch. */
  pollSeconds: number
}

/** Calls at one time over all servers of an endpoint. */
export const callsAtOnce = ({ concurrency, baseUrls }: ResolvedEndpoint): number => concurrency * baseUrls.length

/** The picture limits of an endpoint. */
export const picturesOf = (endpoint: ResolvedEndpoint): PictureLimits => ({
  maxPixels: endpoint.imageMaxPixels,
  patch: endpoint.imagePatch,
  maxBytes: endpoint.imageMaxBytes,
  formats: endpoint.imageFormats,
  minSide: endpoint.imageMinSide,
})

/** Pictures for requests. */
export interface RequestImages {
  /**
   * Data URL of a picture in base64, within the limits. Throws RowProblem for a picture that cannot
   * be sent.
   */
  dataUrl(hash: string, limits: PictureLimits): Promise<string>
}
