/** An endpoint of a recipe with all values filled in. */
export interface ResolvedEndpoint {
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
}

/** Calls at one time over all servers of an endpoint. */
export const callsAtOnce = ({ concurrency, baseUrls }: ResolvedEndpoint): number => concurrency * baseUrls.length

/**
 * Data URL of an image in base64, shrunk to the limit. Throws RowProblem for a picture that cannot
 * be sent.
 */
export interface RequestImages {
  /** `patch`: sides of a picture that is shrunk are multiples of it; 28 where absent. */
  dataUrl(hash: string, maxPixels: number, patch?: number): Promise<string>
}
