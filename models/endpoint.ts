import type { CallOptions, PictureFormat } from '../domain/recipe/call-options.ts'

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

/**
 * An endpoint of a recipe with all values filled in. An option of calls that is absent is off:
 * nothing is streamed, and the engine's own limit of outages counts.
 */
export interface ResolvedEndpoint extends CallOptions {
  /** Name in the recipe. */
  name: string
  /** URLs of the servers that share its work, without duplicates. Each ends in `/v1`. */
  baseUrls: readonly string[]
  /** Model name as the servers know it. */
  model: string
  /** Part of content keys: the model name behind a URL, the content hash of a served checkpoint. */
  identity: string
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
